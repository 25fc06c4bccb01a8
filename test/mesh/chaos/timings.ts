import type { LogRecord } from "../../simulation/log.js";

/** What was done when, on the clock of the log. */
export interface FaultTime {
  readonly name: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

/** How long things took, in ms; one value for each time that it happened. */
export interface Latencies {
  /** From the end of a cell to its event at another one, where nothing else was wrong. */
  readonly killMoved: number[];
  /** From the moment in which a cell was frozen to its event at another one. */
  readonly freezeMoved: number[];
  /**
   * From the end of a transmitter to the welcome of each of its cells elsewhere, or by the next
   * one. Here, and below, without cells that are frozen themselves meanwhile.
   */
  readonly welcomeAgain: number[];
  /** The same to the next confirm of each of its senders. */
  readonly confirmedAgain: number[];
  /** From the moment in which a transmitter was frozen to the welcome of each of its cells elsewhere. */
  readonly frozenWelcome: number[];
  /** From the heal of a link to the last event that was sent while it was cut, at any multicatch. */
  readonly healCaught: number[];
}

/** How long after a fault of the mesh figures of cells may still show it. */
const tailMs = 5000;

interface Begun {
  readonly cell: string;
  readonly timeMs: number;
}

/** Reads from a log how long the mesh took to get over things. */
export class Timings {
  readonly latencies: Latencies = {
    killMoved: [],
    freezeMoved: [],
    welcomeAgain: [],
    confirmedAgain: [],
    frozenWelcome: [],
    healCaught: [],
  };
  private readonly mesh: readonly FaultTime[];
  private readonly cuts: readonly FaultTime[];
  private readonly killedMs = new Map<string, number>();
  private readonly frozen = new Map<
    string,
    { readonly fromMs: number; readonly untilMs: number }
  >();
  /** What each cell has begun and not ended, by event and group. */
  private readonly begun = new Map<string, Begun>();
  private readonly homes = new Map<string, string>();
  /** Cells that wait for a welcome, and senders that wait for a confirm: since when, and why. */
  private readonly awaitWelcome = new Map<string, Wait>();
  private readonly awaitConfirm = new Map<string, Wait>();
  /** Events that were sent while a link was cut: by cut, the last time one was caught. */
  private readonly sentInCut = new Map<string, FaultTime>();
  private readonly caughtMs = new Map<FaultTime, number>();

  /** @param faults those of transmitters and links, in the order of their times. */
  constructor(faults: readonly FaultTime[]) {
    this.mesh = faults;
    this.cuts = faults.filter(({ name }) => name === "link-cut" || name === "link-cut-one-way");
  }

  take(record: LogRecord): void {
    const { cell, home = "", timeMs } = record;
    switch (record.action) {
      case "fault":
        this.fault(record);
        break;
      case "crashed":
        if (this.isKilledAlone(timeMs)) this.lost(home, timeMs, false);
        break;
      case "attached":
        this.attached(cell, home, timeMs);
        break;
      case "begun":
        this.handled(record);
        break;
      case "acked":
        this.begun.delete(nameOf(record));
        break;
      case "sent":
        this.sent(record);
        break;
      case "accepted":
        this.confirmed(cell, timeMs);
        break;
      case "caught":
        this.caught(record);
        break;
      case "died":
        this.awaitWelcome.delete(cell);
        this.awaitConfirm.delete(cell);
        break;
      default:
    }
  }

  finish(): Latencies {
    for (const [cut, timeMs] of this.caughtMs) {
      this.latencies.healCaught.push(Math.max(0, timeMs - cut.endedMs));
    }
    return this.latencies;
  }

  private fault({ cell, home = "", peer, count = 0, timeMs }: LogRecord): void {
    if (peer !== undefined) return;
    if (cell === "") {
      // A short stall is no reason to move.
      if (count >= 3000) this.lost(home, timeMs, true);
    } else if (count === 0) this.killedMs.set(cell, timeMs);
    else {
      this.awaitWelcome.delete(cell);
      this.awaitConfirm.delete(cell);
      if (count >= 3000) this.frozen.set(cell, { fromMs: timeMs, untilMs: timeMs + count });
    }
  }

  private lost(home: string, timeMs: number, isFrozen: boolean): void {
    for (const [cell, at] of this.homes) {
      if (at !== home || this.isFrozen(cell, timeMs)) continue;
      const wait = { sinceMs: timeMs, isFrozen };
      this.awaitWelcome.set(cell, wait);
      this.awaitConfirm.set(cell, wait);
    }
  }

  private attached(cell: string, home: string, timeMs: number): void {
    this.homes.set(cell, home);
    const wait = this.awaitWelcome.get(cell);
    this.awaitWelcome.delete(cell);
    if (wait === undefined) return;
    const { frozenWelcome, welcomeAgain } = this.latencies;
    (wait.isFrozen ? frozenWelcome : welcomeAgain).push(timeMs - wait.sinceMs);
  }

  private confirmed(cell: string, timeMs: number): void {
    const wait = this.awaitConfirm.get(cell);
    // What was confirmed before the transmitter ended may be told afterwards.
    if (wait === undefined || this.awaitWelcome.has(cell)) return;
    this.awaitConfirm.delete(cell);
    if (!wait.isFrozen) this.latencies.confirmedAgain.push(timeMs - wait.sinceMs);
  }

  private handled(record: LogRecord): void {
    const { cell, timeMs } = record;
    const name = nameOf(record);
    const before = this.begun.get(name);
    this.begun.set(name, { cell, timeMs });
    if (before === undefined || before.cell === cell) return;
    const { killMoved, freezeMoved } = this.latencies;
    const killedMs = this.killedMs.get(before.cell);
    if (killedMs !== undefined && !this.isMeshFaulty(killedMs)) killMoved.push(timeMs - killedMs);
    const frozen = this.frozen.get(before.cell);
    if (frozen === undefined || timeMs > frozen.untilMs || before.timeMs > frozen.fromMs) return;
    if (!this.isMeshFaulty(frozen.fromMs)) freezeMoved.push(timeMs - frozen.fromMs);
  }

  private sent({ id, timeMs }: LogRecord): void {
    const cut = this.cuts.find((it) => timeMs > it.beganMs && timeMs < it.endedMs);
    if (cut !== undefined) this.sentInCut.set(id, cut);
  }

  private caught({ id, cell, timeMs }: LogRecord): void {
    const cut = this.sentInCut.get(id);
    if (cut === undefined || this.isFrozen(cell, cut.endedMs)) return;
    this.caughtMs.set(cut, timeMs);
  }

  /** Whether a cell is frozen itself then, or is yet to be: it does what it must when it wakes. */
  private isFrozen(cell: string, timeMs: number): boolean {
    return timeMs < (this.frozen.get(cell)?.untilMs ?? 0);
  }

  /** Whether the others went on, so that its cells had somewhere to go. */
  private isKilledAlone(timeMs: number): boolean {
    const names = ["transmitter-killed", "transmitter-away"];
    return this.mesh.some(
      ({ name, beganMs, endedMs }) =>
        names.includes(name) && timeMs >= beganMs && timeMs <= endedMs,
    );
  }

  private isMeshFaulty(timeMs: number): boolean {
    return this.mesh.some(
      ({ beganMs, endedMs }) => timeMs > beganMs - tailMs && timeMs < endedMs + tailMs,
    );
  }
}

interface Wait {
  readonly sinceMs: number;
  readonly isFrozen: boolean;
}

function nameOf({ id, service, pattern }: LogRecord): string {
  return `${id} ${service} ${pattern}`;
}
