import { createConnection } from "node:net";
import { type Cell } from "@thynapse/cell-sdk";
import { randomToken } from "@thynapse/protocol";
import { jsonLine } from "../event-view.js";
import { CliFault, type ExitCode, exitCode } from "../fault.js";
import { type Finding, findingsOf } from "../findings.js";
import { askEach, listMesh } from "../mesh-list.js";
import type { Output } from "../output.js";
import { attach, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import type { SystemQuery } from "../system.js";
import { ownVersion } from "../version.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = { ...timeoutFlag(), ...cellFlags };

/** `thynapse doctor`: looks for what is wrong with a mesh, and says what to do. */
export const doctor = defineVerb({
  name: "doctor",
  usage: "",
  flags,
  notes: `It looks at the ports of the transmitters that -t names, and through the first that
answers at all others: links both ways, members, seeds, versions, clocks, file descriptors, memory.
It ends with ${exitCode.failed} if anything is wrong.`,
  examples: ["doctor", "doctor -t tcp://10.0.0.7:5454 -t tcp://10.0.0.8:5454", "doctor --json"],
  async run(invocation) {
    const { flags: given, out, interrupts } = invocation;
    const ports: Finding[] = [nodeFinding()];
    const answering: string[] = [];
    for (const address of given.transmitter) {
      const finding = await look(invocation, address);
      ports.push(finding);
      if (finding.ok) answering.push(address);
      if (interrupts.exit !== undefined) return interrupts.exit;
    }
    await tell(out, ports, given.json);
    const isWrong = ports.some(({ ok }) => !ok);
    if (answering.length === 0) return exitCode.failed;
    const narrowed = { ...invocation, flags: { ...given, transmitter: answering } };
    return await withCell(narrowed, async ({ cell, ending }): Promise<ExitCode> => {
      const found = await examine(cell, { timeoutMs: given.timeout, signal: ending });
      await tell(out, found, given.json);
      return isWrong || found.some(({ ok }) => !ok) ? exitCode.failed : exitCode.ok;
    });
  },
});

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const check = "node";
  const what = `Node.js ${process.versions.node}`;
  if (major > 20 || (major === 20 && minor >= 19)) return { check, ok: true, what };
  return { check, ok: false, what, fix: "install 20.19 or later" };
}

/** Attaches to one address, and sees to it that its event socket can be reached from here too. */
async function look(invocation: Invocation<typeof flags>, address: string): Promise<Finding> {
  const check = "port";
  const one = { ...invocation, flags: { ...invocation.flags, transmitter: [address] } };
  let cell: Cell;
  try {
    cell = await attach(one);
  } catch (thrown) {
    if (!(thrown instanceof CliFault)) throw thrown;
    return { check, ok: false, ...(await whyNot(address, thrown)) };
  }
  try {
    await cell.multicatch(`thynapse-doctor.${randomToken(64)}`, () => undefined, {
      signal: AbortSignal.timeout(invocation.flags.timeout),
    });
    return { check, ok: true, what: `a transmitter answers at ${address}` };
  } catch {
    const fix = "open the event port too (--pub-port), or --advertise the host that others reach";
    return { check, ok: false, what: `${address} answers, and its event socket does not`, fix };
  } finally {
    await cell.close().catch(() => undefined);
  }
}

/** Tells apart what nobody listens at, what is no transmitter, and what cannot be reached. */
async function whyNot(
  address: string,
  fault: CliFault,
): Promise<{ readonly what: string; readonly fix: string }> {
  const [, host = "", port] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? [];
  const start = "thynapse up starts a transmitter there";
  if (fault.exit !== exitCode.unreachable) {
    return { what: fault.message, fix: fault.fix ?? start };
  }
  if (port === undefined) return { what: fault.message, fix: start };
  const found = await knock(host.replace(/^\[|\]$/g, ""), Number(port));
  if (found === "ECONNREFUSED") {
    return { what: `nobody listens at ${address}: the port is free`, fix: start };
  }
  if (found === "open") {
    const fix =
      "it is the event port of a transmitter (-t takes the command port), something else, or has " +
      "no time: which process has the port?";
    return { what: `something listens at ${address} and does not answer`, fix };
  }
  return {
    what: `${address} cannot be reached: ${found}`,
    fix: "look at the name, the network and firewalls",
  };
}

const knockMs = 2000;

/** Opens a connection and closes it. @returns `open`, or the code of what went wrong. */
function knock(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: knockMs });
    const done = (found: string): void => {
      socket.destroy();
      resolve(found);
    };
    socket.on("connect", () => done("open"));
    socket.on("timeout", () => done("ETIMEDOUT"));
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}

async function examine(cell: Cell, query: SystemQuery): Promise<readonly Finding[]> {
  const askedMs = Date.now();
  const statuses = await askEach(cell, "$mesh.status", query);
  const answeredMs = Date.now();
  const transmitters = await listMesh(cell, "$mesh.transmitters", query);
  const links = await listMesh(cell, "$mesh.links", query);
  return findingsOf({
    ...{ version: ownVersion(), askedMs, answeredMs },
    statuses: statuses.rows,
    transmitters: transmitters.rows,
    links: links.rows,
    missing: [...new Set([...statuses.missing, ...transmitters.missing, ...links.missing])],
  });
}

async function tell(out: Output, findings: readonly Finding[], json: boolean): Promise<void> {
  for (const finding of findings) await out.line(json ? jsonLine(finding) : findingLine(finding));
}

/** `ok     links     all are up, both ways` */
function findingLine({ check, ok, what, fix }: Finding): string {
  const line = `${ok ? "ok   " : "WRONG"}  ${check.padEnd(9)}  ${what}`;
  return fix === undefined ? line : `${line}\n${" ".repeat(18)}→ ${fix}`;
}
