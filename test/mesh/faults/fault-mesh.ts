import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { randomThid } from "@thynapse/protocol";

import { check, type Violation } from "../../simulation/checker.js";
import type { LogRecord } from "../../simulation/log.js";
import { eventually } from "../../support/eventually.js";
import { merged, recordsOf, sharedClockMs } from "../../support/run-log.js";
import { roleScript } from "../../support/roles.js";
import { bin } from "../thynapse.js";
import { Actor } from "./actor.js";
import type { Anycatching } from "./instructions.js";

interface Ready {
  readonly id: string;
  readonly command: string;
  readonly pub: string;
  readonly pid: number;
}

/** What a cell keeps of what it sees: a log, unless it is told not to, or marks. */
export interface Keeping {
  readonly isLogged?: boolean;
  readonly marksMax?: number;
  /** Flags of node itself. */
  readonly nodeFlags?: readonly string[];
}

/** How a transmitter is started. */
export interface Terms {
  readonly flags?: readonly string[];
  /** Flags of node itself. With `--expose-gc` among them it can be asked for `liveMb`. */
  readonly nodeFlags?: readonly string[];
  /** How many files it may have open; default as many as this process. */
  readonly filesMax?: number;
}

const running = new Set<FaultMesh>();

/** One transmitter and its cells, each a process; whatever happens to them is logged. */
export class FaultMesh {
  readonly cells: Actor[] = [];
  /** From the start of the process to its ready line, of the last start. */
  readyMs = 0;
  private readonly script: string;
  private readonly terms: Terms;
  private readonly folder = mkdtempSync(join(tmpdir(), "thynapse-faults-"));
  private readonly logs: string[] = [];
  private readonly own: LogRecord[] = [];
  private transmitter: ChildProcess | undefined;
  private ready: Ready = { id: "", command: "", pub: "", pid: -1 };

  private constructor(script: string, terms: Terms) {
    this.script = script;
    this.terms = terms;
  }

  /** Starts a transmitter on free ports. */
  static async start(terms: Terms = {}): Promise<FaultMesh> {
    const mesh = new FaultMesh(await roleScript("mesh/faults/roles/cell"), terms);
    running.add(mesh);
    await mesh.up(["--port", "0"]);
    return mesh;
  }

  /** The address of the transmitter, the same for all its starts. */
  get command(): string {
    return this.ready.command;
  }

  /** The transmitter's process. */
  get pid(): number {
    return this.ready.pid;
  }

  /** What lives in the memory of the transmitter after a collection, in MB. */
  async liveMb(): Promise<number> {
    const answer = once(this.transmitter!, "message") as Promise<[number]>;
    this.transmitter!.send("collect");
    return (await answer)[0];
  }

  /** Starts so many cells of a service; resolves when all are welcome. */
  async seat(service: string, count: number, keeping: Keeping = {}): Promise<Actor[]> {
    const fresh = Array.from({ length: count }, () => this.newCell(service, keeping));
    return Promise.all(fresh.map((cell) => cell.joined()));
  }

  /** Starts one cell. */
  async seatOne(service: string, keeping: Keeping = {}): Promise<Actor> {
    return this.newCell(service, keeping).joined();
  }

  /** Starts a second process with the id of a cell. */
  async seatTwin({ id }: Actor): Promise<Actor> {
    return this.newCell("twin", { isLogged: false, id }).joined();
  }

  /** Starts cells of a service that share one anycatch; resolves when all are armed. */
  async seatGroup(service: string, count: number, anycatching: Anycatching): Promise<Actor[]> {
    const cells = await this.seat(service, count);
    await Promise.all(cells.map((cell) => cell.tell("anycatch", anycatching)));
    return cells;
  }

  /** Kills a cell with SIGKILL, and resolves when it is gone. */
  async kill(cell: Actor): Promise<void> {
    this.log({ id: "", cell: cell.id, action: "fault" });
    cell.signal("SIGKILL");
    await cell.ended;
  }

  /** Stops a cell's process for that long: the length of a fault. */
  async freeze(cell: Actor, ms: number): Promise<void> {
    this.log({ id: "", cell: cell.id, action: "fault", count: ms });
    cell.signal("SIGSTOP");
    await delay(ms);
    cell.signal("SIGCONT");
  }

  /** Kills the transmitter, and starts another at the same address. */
  async restart(): Promise<void> {
    this.log({ id: "", cell: "", action: "crashed", home: this.ready.id });
    await killed(this.transmitter);
    const [port, pubPort] = [this.ready.command, this.ready.pub].map(
      (at) => at.split(":")[2] ?? "",
    );
    await this.up(["--port", port ?? "", "--pub-port", pubPort ?? ""]);
  }

  /** All that happened so far, in the order in which it happened. */
  records(): Generator<LogRecord> {
    const own = this.own.toSorted((a, b) => a.timeMs - b.timeMs);
    return merged([own, ...this.logs.map(recordsOf)]);
  }

  /**
   * What was broken of what is promised, while the cells live, and at last when they have said farewell. What is missing
   * is waited for: a multicatch may still be repairing.
   */
  async violations({ withinMs = 5000 } = {}): Promise<readonly Violation[]> {
    const missed = await eventually(() => expectNone(check(this.records())), { withinMs }).then(
      () => [],
      (error: BrokenPromises) => error.violations,
    );
    await this.closeCells();
    return missed.length > 0 ? missed : check(this.records());
  }

  /** Has all cells that live say farewell, each when its work is done. */
  async closeCells(): Promise<void> {
    await Promise.all(this.cells.splice(0).map((cell) => cell.leave()));
  }

  /** Ends every process of it. */
  async end(): Promise<void> {
    running.delete(this);
    for (const cell of this.cells) cell.signal("SIGKILL");
    await Promise.all([killed(this.transmitter), ...this.cells.map((cell) => cell.ended)]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private newCell(service: string, keeping: Keeping & { readonly id?: string }): Actor {
    const { isLogged = true, marksMax, nodeFlags, id = randomThid() } = keeping;
    const log = join(this.folder, `${id}.jsonl`);
    const seat = { id, service, command: this.command };
    const books = { ...(isLogged && { log }), ...(marksMax !== undefined && { marksMax }) };
    const cell = new Actor(this.script, { ...seat, ...books }, nodeFlags);
    this.cells.push(cell);
    if (!isLogged) return cell;
    const logged = (): unknown => this.logs.push(log);
    void cell.joined().then(logged, () => {});
    void cell.ended.then(() => {
      if (!cell.isLeaving) this.log({ id: "", cell: id, action: "died" });
    });
    return cell;
  }

  private async up(ports: readonly string[]): Promise<void> {
    const beganMs = sharedClockMs();
    const { flags = [], nodeFlags = [], filesMax } = this.terms;
    const limit = filesMax === undefined ? "" : `ulimit -n ${filesMax};`;
    const isWatched = nodeFlags.includes("--expose-gc");
    const preloads = isWatched
      ? ["--import", await roleScript("mesh/faults/roles/collecting")]
      : [];
    const node = [process.execPath, ...nodeFlags, ...preloads, bin];
    const verb = ["up", "--json", "--log-level", "silent", ...ports, ...flags];
    const child = spawn("sh", ["-c", `${limit} exec "$0" "$@"`, ...node, ...verb], {
      stdio: ["ignore", "pipe", "inherit", ...(isWatched ? ["ipc" as const] : [])],
    }) as ChildProcessByStdio<null, Readable, null>;
    this.transmitter = child;
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([
      once(lines, "line"),
      once(child, "exit").then(() => Promise.reject(new Error("the transmitter has ended"))),
    ])) as [string];
    this.readyMs = sharedClockMs() - beganMs;
    this.ready = JSON.parse(line) as Ready;
    this.own.push({ id: "", cell: "", action: "started", home: this.ready.id, timeMs: beganMs });
  }

  private log(entry: Omit<LogRecord, "timeMs">): void {
    this.own.push({ ...entry, timeMs: sharedClockMs() });
  }
}

/** Thrown for what the log shows so far. */
class BrokenPromises extends Error {
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    super(`${violations.length} promises are broken`);
    this.violations = violations;
  }
}

function expectNone(violations: readonly Violation[]): void {
  if (violations.length > 0) throw new BrokenPromises(violations);
}

/** Ends every process that was started for a mesh and still runs. */
export async function endMeshes(): Promise<void> {
  await Promise.all([...running].map((mesh) => mesh.end()));
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
