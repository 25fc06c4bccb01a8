import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { randomThid } from "@thynapse/protocol";

import { check, type Violation } from "../../simulation/checker.js";
import type { LogRecord } from "../../simulation/log.js";
import { eventually } from "../../support/eventually.js";
import { merged, recordsOf, sharedClockMs } from "../../support/run-log.js";
import { roleScript } from "../../support/roles.js";
import { Actor } from "./actor.js";
import { FaultTransmitter, type Terms } from "./fault-transmitter.js";
import type { Anycatching } from "./instructions.js";
import { loopback, type Place } from "./place.js";

/** What a cell keeps of what it sees: a log, unless it is told not to, or marks, or counts. */
export interface Keeping {
  readonly isLogged?: boolean;
  readonly marksMax?: number;
  readonly isCounted?: boolean;
  /** Flags of node itself. */
  readonly nodeFlags?: readonly string[];
  /** The transmitter it is attached to first; default the first one. */
  readonly home?: FaultTransmitter;
  readonly place?: Place;
}

const running = new Set<FaultMesh>();

/** Transmitters and their cells, each a process; whatever happens to them is logged. */
export class FaultMesh {
  readonly cells: Actor[] = [];
  readonly transmitters: readonly FaultTransmitter[];
  private readonly script: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "thynapse-faults-"));
  private readonly logs: string[] = [];
  private readonly own: LogRecord[] = [];

  private constructor(script: string, terms: readonly Terms[]) {
    this.script = script;
    this.transmitters = terms.map((each) => new FaultTransmitter(each, (...it) => this.log(...it)));
  }

  /** Starts transmitters on free ports, one by default; the second and later ones know the first. */
  static async start(...terms: readonly Terms[]): Promise<FaultMesh> {
    const script = await roleScript("mesh/faults/roles/cell");
    const mesh = new FaultMesh(script, terms.length === 0 ? [{}] : terms);
    running.add(mesh);
    const [first, ...others] = mesh.transmitters;
    await first!.start();
    await Promise.all(others.map((other) => other.start([first!.command])));
    return mesh;
  }

  /** The first of the transmitters, where there is one only. */
  get transmitter(): FaultTransmitter {
    return this.transmitters[0]!;
  }

  /** The address of the first transmitter, the same for all its starts. */
  get command(): string {
    return this.transmitter.command;
  }

  /** The process of the first transmitter. */
  get pid(): number {
    return this.transmitter.pid;
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
  async seatTwin({ id }: Actor, at: Pick<Keeping, "home" | "place"> = {}): Promise<Actor> {
    return this.newCell("twin", { ...at, isLogged: false, id }).joined();
  }

  /** Starts cells of a service that share one anycatch; resolves when all are armed. */
  async seatGroup(
    service: string,
    count: number,
    {
      home,
      place,
      isLogged = true,
      isCounted = false,
      ...anycatching
    }: Anycatching & Omit<Keeping, "marksMax" | "nodeFlags">,
  ): Promise<Actor[]> {
    const keeping = { isLogged, isCounted, ...(home && { home }), ...(place && { place }) };
    const cells = await this.seat(service, count, keeping);
    await Promise.all(cells.map((cell) => cell.tell("anycatch", anycatching)));
    return cells;
  }

  /** Kills a cell with SIGKILL, and resolves when it is gone. */
  async kill(cell: Actor): Promise<void> {
    this.log({ id: "", cell: cell.id, action: "fault" });
    cell.signal("SIGKILL");
    await cell.ended;
  }

  /** Logs a fault that befalls a cell, a transmitter, or the link between two, for `count` ms from then, now by default. */
  note(
    fault: Pick<LogRecord, "home" | "peer" | "count"> & { readonly cell?: string },
    timeMs?: number,
  ): void {
    this.log({ id: "", cell: "", action: "fault", ...fault }, timeMs);
  }

  /** Stops a cell's process for that long: the length of a fault. */
  async freeze(cell: Actor, ms: number): Promise<void> {
    this.log({ id: "", cell: cell.id, action: "fault", count: ms });
    cell.signal("SIGSTOP");
    await delay(ms);
    cell.signal("SIGCONT");
  }

  /** Kills a transmitter, and starts another at the same address. */
  async restart(transmitter: FaultTransmitter = this.transmitter): Promise<void> {
    await transmitter.kill();
    await this.startAgain(transmitter);
  }

  /** Starts a transmitter that has ended, at its address; it knows all others. */
  startAgain(transmitter: FaultTransmitter): Promise<void> {
    const others = this.transmitters.filter((other) => other !== transmitter);
    return transmitter.start(others.map(({ command }) => command));
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
    await Promise.all(this.transmitters.map((transmitter) => transmitter.kill()));
    await Promise.all(this.cells.map((cell) => cell.ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private newCell(service: string, keeping: Keeping & { readonly id?: string }): Actor {
    const {
      isLogged = true,
      isCounted = false,
      marksMax,
      nodeFlags = [],
      id = randomThid(),
    } = keeping;
    const { home = this.transmitter, place = loopback } = keeping;
    const log = join(this.folder, `${id}.jsonl`);
    const seat = { id, service, command: home.command };
    const books = {
      isCounted,
      ...(isLogged && { log }),
      ...(marksMax !== undefined && { marksMax }),
    };
    const cell = new Actor(this.script, { ...seat, ...books }, { nodeFlags, place });
    this.cells.push(cell);
    if (!isLogged) return cell;
    const logged = (): unknown => this.logs.push(log);
    void cell.joined().then(logged, () => {});
    void cell.ended.then(() => {
      if (!cell.isLeaving) this.log({ id: "", cell: id, action: "died" });
    });
    return cell;
  }

  private log(entry: Omit<LogRecord, "timeMs">, timeMs: number = sharedClockMs()): void {
    this.own.push({ ...entry, timeMs });
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
