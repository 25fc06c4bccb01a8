import type { Homes } from "./homes.js";

/** A transmitter where something stands, and since when. */
export interface Source {
  readonly home: string;
  readonly sinceMs: number;
}

/**
 * Which transmitters surely know that a group stands, or that a catch is armed.
 *
 * All that live and are in touch know it from when the catch was armed: that is what armed means.
 * Who was not in touch then knows it when nothing has been wrong for a while, and who started later
 * from when it welcomes cells.
 */
export class Awareness {
  private readonly homes: Homes;
  private readonly sinceMs = new Map<string, number>();

  constructor(homes: Homes) {
    this.homes = homes;
  }

  /** A catch was armed at a transmitter. */
  armed(home: string, timeMs: number): void {
    const { homes } = this;
    for (const other of homes.living) {
      if (this.sinceMs.has(other)) continue;
      const isTold = homes.isReady(other, timeMs) && homes.areInTouch(home, other, timeMs);
      if (other === home || isTold) this.sinceMs.set(other, timeMs);
    }
  }

  /** A transmitter is no more. */
  forget(home: string): void {
    this.sinceMs.delete(home);
  }

  /** Whether a transmitter has known it since `sinceMs` at least. */
  has(home: string, sinceMs: number, sources: Iterable<Source>): boolean {
    const knownMs = this.sinceMs.get(home);
    if (knownMs !== undefined) return knownMs <= sinceMs;
    const { homes } = this;
    if (!homes.isReady(home, sinceMs)) return false;
    for (const source of sources) {
      // What was armed while they were out of touch is known when they are again; and what stood
      // before a transmitter was ready, it learned of before.
      if (source.sinceMs > sinceMs || !homes.areInTouch(home, source.home, sinceMs)) continue;
      this.sinceMs.set(home, sinceMs);
      return true;
    }
    return false;
  }
}
