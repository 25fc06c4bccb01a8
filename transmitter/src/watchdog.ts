import type { Logger } from "pino";

/** How often the memory is looked at, in ms; a look costs some 20 µs. */
const everyMs = 1000;

/** Shares of the limit at which load is refused, and taken again. */
const shedAbove = 0.85;
const takeBelow = 0.75;

let lastBytes = 0;

/** Resident memory of this process; what it was before while no file descriptor is left to ask. */
export function residentBytes(): number {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  }
  return lastBytes;
}

/**
 * Watches the resident memory of the process, and has events refused as busy while it is short.
 *
 * libzmq keeps what strangers offer (each subscription costs about 1 kB, admitted or not), so the
 * bounds of the core do not bound the process.
 */
export class Watchdog {
  private readonly limitBytes: number;
  private readonly log: Logger;
  private readonly shed: (on: boolean) => void;
  private readonly rssBytes: () => number;
  private shedding = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    limitBytes: number,
    log: Logger,
    shed: (on: boolean) => void,
    rssBytes: () => number = residentBytes,
  ) {
    this.limitBytes = limitBytes;
    this.log = log;
    this.shed = shed;
    this.rssBytes = rssBytes;
  }

  start(): void {
    this.timer = setInterval(() => this.look(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Compares the memory with the limit. */
  look(): void {
    const rssBytes = this.rssBytes();
    const share = rssBytes / this.limitBytes;
    if (this.shedding ? share >= takeBelow : share <= shedAbove) return;
    this.shedding = !this.shedding;
    const fields = { rssBytes, limitBytes: this.limitBytes };
    if (this.shedding) this.log.warn(fields, "short of memory: events are refused as busy");
    else this.log.info(fields, "memory is enough again: events are taken");
    this.shed(this.shedding);
  }
}
