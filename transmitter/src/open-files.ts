import { readdirSync, readFileSync } from "node:fs";
import type { Logger } from "pino";

/** Shares of the limit at which no more connections are taken, and taken again. */
const closeAt = 0.9;
const openBelow = 0.8;

/** Share of the limit at which that is foretold, and below which it may be foretold again. */
const warnAt = 0.8;
const warnAgainBelow = 0.7;

/**
 * Shortest and longest time for which no connections are taken, in ms; it doubles while they keep
 * coming. All of them come back at once.
 */
const closedMs = 100;
const closedMsMax = 2000;

/**
 * Time between two ports, in ms: whoever rushes to the first shows in the count by then, since
 * ZeroMQ connects again every 100 ms.
 */
const rushMs = 300;

/** Time without a further shortage after which it is over, in ms. */
const calmMs = 5000;

const hint = "raise `ulimit -n`, in the unit of systemd LimitNOFILE=";

/** What the guard closes and opens. */
export interface Gate {
  /** Takes no more connections, and ends those that stand. */
  unbind(): Promise<void>;
  /** Takes connections at one more port, and tells whether that was the last one. */
  rebindNext(): boolean;
}

/** Where the numbers come from. */
export interface FileCounts {
  /** Files that this process has open; undefined if that cannot be told. */
  open(): number | undefined;
  /** How many it may have open; undefined if that cannot be told. */
  limit(): number | undefined;
}

/**
 * Takes no more connections before the process runs out of file descriptors, and foretells it.
 *
 * At the limit libzmq would try to accept the next connection without pause, on a full core. It has
 * no way to take no more connections and keep those that stand: unbinding ends them all. Cells then
 * attach anew by themselves, so those that are too many cost the others a short break, each time a
 * longer one.
 */
export class OpenFilesGuard {
  private readonly gate: Gate;
  private readonly log: Logger;
  private readonly counts: FileCounts;
  /** How many files this process may have open; undefined if that cannot be told. */
  readonly limit: number | undefined;
  /** Files at the last count, and connections accepted since. */
  private counted = 0;
  private accepts = 0;
  /** Whether it was said that there are many. */
  private warned = false;
  private state: "open" | "moving" | "closed" | "stopped" = "open";
  private timer: NodeJS.Timeout | undefined;
  /** Whether there was a shortage that is not over. */
  private short = false;
  private closedForMs = closedMs;

  constructor(gate: Gate, log: Logger, counts: FileCounts = processFiles) {
    this.gate = gate;
    this.log = log;
    this.counts = counts;
    this.limit = counts.limit();
  }

  /** A connection was taken. Counting costs a directory, so it is done only near the limit. */
  accepted(): void {
    this.accepts++;
    if (this.limit === undefined || this.state !== "open") return;
    if (this.counted > 0 && this.counted + this.accepts < warnAt * this.limit) return;
    this.recount();
    if (this.isAbove(closeAt)) void this.shut();
    else if (this.isAbove(warnAt)) this.sayMany();
  }

  /** A connection could not be taken. */
  exhausted(): void {
    if (this.state === "open") void this.shut();
  }

  stop(): void {
    this.state = "stopped";
    clearTimeout(this.timer);
  }

  private recount(): void {
    // When the count itself finds no descriptor left, all are in use.
    this.counted = this.counts.open() ?? this.limit ?? 0;
    this.accepts = 0;
    if (!this.isAbove(warnAgainBelow)) this.warned = false;
  }

  private async shut(): Promise<void> {
    this.state = "moving";
    this.sayShort();
    try {
      await this.gate.unbind();
    } catch (error) {
      if (this.stopped) return;
      this.log.error({ err: error }, "cannot close a port");
      this.state = "open";
      return;
    }
    if (this.stopped) return;
    this.state = "closed";
    this.closedForMs = Math.min(2 * this.closedForMs, closedMsMax);
    this.later(this.closedForMs);
  }

  private reopen(): void {
    this.recount();
    if (this.state === "open" && this.isAbove(closeAt)) void this.shut();
    else if (this.state === "closed" && this.isAbove(openBelow)) this.later(closedMs);
    else this.openNext();
  }

  private openNext(): void {
    try {
      const done = this.gate.rebindNext();
      this.state = "open";
      if (!done) this.later(rushMs);
      else this.timer = setTimeout(() => this.sayEnough(), calmMs).unref();
    } catch (error) {
      this.log.error({ err: error }, "cannot open a port again");
      this.later(closedMsMax);
    }
  }

  private isAbove(share: number): boolean {
    return this.limit !== undefined && this.counted >= share * this.limit;
  }

  private later(inMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.reopen(), inMs);
  }

  private sayMany(): void {
    if (this.warned) return;
    this.warned = true;
    const fields = { open: this.counted, limit: this.limit, hint };
    this.log.warn(
      fields,
      "many file descriptors are open: at 90 % connections are cut and refused",
    );
  }

  private sayShort(): void {
    clearTimeout(this.timer);
    if (this.short) return;
    this.short = true;
    this.recount();
    this.warned = true;
    const fields = { open: this.counted, limit: this.limit, hint };
    this.log.warn(fields, "nearly out of file descriptors: connections are cut and refused");
  }

  private sayEnough(): void {
    this.short = false;
    this.closedForMs = closedMs;
    this.log.info({ open: this.counted }, "connections are taken again");
  }

  private get stopped(): boolean {
    return this.state === "stopped";
  }
}

/** The files of this process, as far as the system tells. */
export const processFiles: FileCounts = {
  open() {
    for (const folder of ["/proc/self/fd", "/dev/fd"]) {
      try {
        return readdirSync(folder).length;
      } catch {
        // Another system, or no descriptor left to read it with.
      }
    }
    return undefined;
  },
  limit() {
    try {
      const text = readFileSync("/proc/self/limits", "utf8");
      const soft = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1]);
      if (soft > 0) return soft;
    } catch {
      // No such file outside Linux; the report is slower, and knows.
    }
    return limitFromReport();
  },
};

function limitFromReport(): number | undefined {
  const report = process.report?.getReport() as
    | { readonly userLimits?: Readonly<Record<string, { readonly soft: number | string }>> }
    | undefined;
  const soft = Number(report?.userLimits?.["open_files"]?.soft);
  return Number.isFinite(soft) && soft > 0 ? soft : undefined;
}
