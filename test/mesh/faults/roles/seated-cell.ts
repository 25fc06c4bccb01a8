import { setTimeout as delay } from "node:timers/promises";
import {
  type AnycatchOptions,
  type CaughtEvent,
  type Cell,
  type CellStatus,
  connect,
  type DeliveryContext,
  type MulticatchOptions,
} from "@thynapse/cell-sdk";

import type { LogEntry } from "../../../simulation/log.js";
import { RunLog } from "../../../support/run-log.js";
import type { Anycatching, FaultBody, Seat, Tally } from "../instructions.js";
import { Counts } from "./counts.js";
import { Marks } from "./marks.js";
import { armedTerms, nameOf } from "./records.js";

/** Makes the cell of this process, and logs that it is welcome. */
export async function join(seat: Seat, onHolding: (event: string) => void): Promise<SeatedCell> {
  const { id, service, command, log, marksMax, isCounted = false } = seat;
  const cell = await connect({ id, service, transmitters: command, connectTimeoutMs: 20_000 });
  const runLog = log === undefined ? undefined : new RunLog(log, { cell: id, service });
  const marks = marksMax === undefined ? undefined : new Marks(marksMax);
  const counts = isCounted ? new Counts() : undefined;
  return new SeatedCell(cell, { runLog, marks, counts, onHolding });
}

/** Where a cell writes down what it sees. */
interface Books {
  readonly runLog: RunLog | undefined;
  readonly marks: Marks | undefined;
  readonly counts: Counts | undefined;
  readonly onHolding: (event: string) => void;
}

/** One cell that logs what it does and what is done to it, as `simulation/log.ts` has it. */
export class SeatedCell {
  readonly cell: Cell;
  readonly marks: Marks | undefined;
  readonly counts: Counts | undefined;
  /** Events that a flood has sent so far. */
  flooded = 0;
  private readonly runLog: RunLog | undefined;
  private readonly onHolding: (event: string) => void;
  private readonly terms = new Map<string, AnycatchOptions>();
  private readonly holders: (() => void)[] = [];
  private readonly statuses = new Map<string, number>();
  /** The transmitter that it is attached to, or was last. */
  home = "";
  /** How long handlers take, whatever was said when they were made. */
  workMs: number | undefined;
  private begun = 0;
  private ended = 0;
  private workedMs = 0;
  private caught = 0;
  private gone = 0;
  private held = 0;
  private heldMax = 0;

  constructor(cell: Cell, { runLog, marks, counts, onHolding }: Books) {
    this.cell = cell;
    this.runLog = runLog;
    this.marks = marks;
    this.counts = counts;
    this.onHolding = onHolding;
    cell.status.on((status) => this.told(status));
    if (cell.status.last?.kind !== "welcome") throw new Error("the cell was lost at once");
    this.told(cell.status.last);
  }

  get isLogged(): boolean {
    return this.runLog !== undefined;
  }

  log(entry: LogEntry): void {
    this.runLog?.write(entry);
  }

  async anycatch({ pattern, options = {}, workMs = 0 }: Anycatching): Promise<void> {
    this.terms.set(pattern, options);
    if (options.credit !== undefined) {
      this.log({ id: "", action: "credit", pattern, count: options.credit });
    }
    const handler = (event: CaughtEvent<FaultBody | null>, ctx: DeliveryContext): unknown =>
      this.handle({ pattern, workMs }, event, ctx);
    await this.cell.anycatch(pattern, handler, options);
  }

  async multicatch(pattern: string, options: MulticatchOptions = {}): Promise<void> {
    const handler = (event: CaughtEvent<FaultBody | null>): void => {
      this.caught++;
      this.marks?.mark(event.seq);
      if (!this.isLogged) return;
      const { cause } = event.data ?? {};
      this.log({
        ...nameOf(event),
        action: "caught",
        pattern,
        ...(cause !== undefined && { cause }),
      });
    };
    await this.cell.multicatch(pattern, handler, options);
  }

  finish(): void {
    for (const release of this.holders.splice(0)) release();
  }

  tally(): Tally {
    const { begun, ended, workedMs, caught, gone, heldMax, flooded } = this;
    const statuses = Object.fromEntries(this.statuses);
    return { begun, ended, workedMs, caught, gone, heldMax, flooded, statuses };
  }

  async close(): Promise<number> {
    this.log({ id: "", action: "left" });
    const { unconfirmed } = await this.cell.close();
    return unconfirmed;
  }

  /** Stays synchronous where the deed allows: then many events are handled in one turn, as in real life. */
  private handle(
    { pattern, workMs }: { readonly pattern: string; readonly workMs: number },
    event: CaughtEvent<FaultBody | null>,
    ctx: DeliveryContext,
  ): unknown {
    if (this.marks !== undefined) {
      this.begun++;
      this.marks.mark(event.seq);
      return undefined;
    }
    if (this.counts !== undefined) return this.count(this.counts, workMs, event);
    const { attempt, repeat, data } = event;
    const record = { ...nameOf(event), pattern, attempt };
    const home = originOf(event) ?? this.home;
    this.begun++;
    this.held++;
    this.heldMax = Math.max(this.heldMax, this.held);
    const { cause } = data ?? {};
    this.log({ ...record, action: "begun", repeat, home, ...(cause !== undefined && { cause }) });
    if (data?.output !== undefined) {
      const output = `${record.id} ${this.cell.service} ${pattern} ${attempt} 0`;
      ctx.send(data.output, { cause: output } satisfies FaultBody);
    }
    const beganMs = performance.now();
    const tookMs = this.workMs ?? workMs;
    const working = this.doDeed(event, record.id) ?? (tookMs > 0 ? delay(tookMs) : undefined);
    if (working === undefined) return this.end(record, undefined);
    return working.then(() => {
      this.workedMs += performance.now() - beganMs;
      this.end(record, ctx);
    });
  }

  /** Works, and writes nothing down but two marks. */
  private async count(counts: Counts, workMs: number, { sender, seq }: CaughtEvent): Promise<void> {
    counts.begun(sender, seq);
    await delay(workMs);
    counts.acked(sender, seq);
  }

  private doDeed({ attempt, repeat, data }: CaughtEvent<FaultBody | null>, id: string) {
    const { deed, ms = 0 } = data ?? {};
    if (deed === undefined || attempt > 1 || repeat) return undefined;
    if (deed === "dieLater") {
      setTimeout(() => this.die(), ms);
      return undefined;
    }
    if (deed === "hold") {
      this.onHolding(id);
      return new Promise<void>((resolve) => this.holders.push(resolve));
    }
    if (deed === "die") this.die();
    this.log({ id: "", action: "fault", count: ms });
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    return undefined;
  }

  private die(): void {
    this.log({ id: "", action: "fault" });
    process.kill(process.pid, "SIGKILL");
  }

  /** The handler is at its end. Who never waited cannot have lost the delivery meanwhile. */
  private end(record: Omit<LogEntry, "action">, ctx: DeliveryContext | undefined): void {
    this.held--;
    this.ended++;
    const isTaken = ctx?.signal.aborted === true;
    this.log({ ...record, action: isTaken ? "taken" : "acked" });
  }

  private told(status: CellStatus): void {
    const { kind } = status;
    this.statuses.set(kind, (this.statuses.get(kind) ?? 0) + 1);
    switch (kind) {
      case "welcome":
        this.home = status.transmitter;
        this.log({ id: "", action: "attached", home: this.home });
        break;
      case "reconnecting":
        this.log({ id: "", action: "detached", home: this.home });
        break;
      case "armed": {
        const { pattern, mode } = status;
        const terms = mode === "any" ? { terms: armedTerms(this.terms.get(pattern)) } : {};
        this.log({ id: "", action: "armed", pattern, mode, home: this.home, ...terms });
        break;
      }
      case "gap":
        this.gapped(status.pattern, status.count);
        break;
      default:
    }
  }

  private gapped(pattern: string, count: number | undefined): void {
    this.gone += count ?? 0;
    const counted = count === undefined ? {} : { count };
    this.log({ id: "", action: "gap", pattern, home: this.home, ...counted });
  }
}

/** The transmitter that gave a delivery: its origin, without the number of its start. */
function originOf(event: CaughtEvent): string | undefined {
  return (event as { readonly origin?: string }).origin?.slice(0, 40);
}
