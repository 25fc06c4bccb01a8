import { checkChannel } from "@thynapse/protocol";
import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, usageFaultOf } from "../fault.js";
import { text, toggle } from "../flags.js";
import { findTransmitter, tellMissing } from "../mesh-list.js";
import { printable } from "../printable.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { askSystem, type Explanation, type Place } from "../system.js";
import { type Branch, treeLines } from "../tree.js";
import { defineVerb } from "../verb.js";

const flags = {
  from: text({
    describe: "as if the event entered at this transmitter: its ID or address",
    placeholder: "ID",
  }),
  "require-listener": toggle({ describe: "end with 4 if nobody would get it" }),
  ...timeoutFlag(),
  ...cellFlags,
};

/** `thynapse explain CHANNEL`: a dry run. */
export const explain = defineVerb({
  name: "explain",
  usage: "CHANNEL",
  flags,
  notes: `Nothing is sent: the transmitters say what they would do now with an event that enters at
the one that is asked, or at --from.`,
  examples: ["explain orders.created", "explain orders.created --json --require-listener"],
  async run(invocation) {
    const { flags: given, positionals, out, err } = invocation;
    const [channel = ""] = positionals;
    try {
      checkChannel(channel, { system: true });
    } catch (thrown) {
      throw usageFaultOf(thrown, "CHANNEL");
    }
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { timeoutMs: given.timeout, signal: ending };
      const from = given.from === undefined ? {} : await findTransmitter(cell, given.from, query);
      const transmitter = from["id"];
      const data = { channel, ...(transmitter !== undefined && { transmitter }) };
      const explanation = await askSystem(cell, "$mesh.explain", { ...query, data });
      if (given.json) {
        await out.line(jsonLine(explanation));
      } else {
        for (const line of treeLines(picture(explanation))) await out.line(printable(line));
      }
      const { matched, missing = [] } = explanation;
      await tellMissing(missing, err);
      if (missing.length > 0) return exitCode.timedOut;
      return matched > 0 || !given["require-listener"] ? exitCode.ok : exitCode.noListener;
    });
  },
});

/** Draws who would get it, by which way, and why the others would not. */
function picture({ channel, streams, groups, others }: Explanation): Branch {
  const branches: Branch[] = [];
  if (streams.length > 0) {
    branches.push({
      text: "every cell of, over the event socket",
      branches: streams.map(({ pattern, encoding, cells, ...place }) => ({
        text: `${pattern}  (${encoding}, ${counted(cells.length, "cell")})${wayText(place)}`,
        branches: cells.map(({ id, service }) => ({ text: `${service}/${id}` })),
      })),
    });
  }
  if (groups.length > 0) {
    branches.push({
      text: "one cell of each, over the command socket",
      branches: groups.map(({ service, pattern, members, backlog = 0 }) => ({
        text: `${service} ${pattern}  (${counted(members.length, "member")}, backlog ${backlog})`,
        branches: members.map(({ id, free, why, ...place }) => ({
          text: `${id}  free ${free}: ${why}${wayText(place)}`,
        })),
      })),
    });
  }
  if (branches.length === 0) branches.push({ text: "nobody: it would be accepted, and matched 0" });
  if (others.length > 0) {
    branches.push({
      text: "not",
      branches: others.map(({ pattern, mode, service, why }) => ({
        text: `${service === undefined ? pattern : `${service} ${pattern}`} (${mode}): ${why}`,
      })),
    });
  }
  return { text: channel, branches };
}

/** How an event gets there, unless it is there already. */
function wayText({ way, transmitter }: Place): string {
  return way === "local" ? "" : `, ${way.replace(transmitter, transmitter.slice(0, 8))}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
