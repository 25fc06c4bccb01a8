import type { Thid } from "@thynapse/protocol";

/** Heartbeats within which a sign of life comes by way of somebody else: two, and some time. */
const relayBeats = 2.4;
/** Heartbeats that name somebody of whom there is news. */
const newsBeats = 4;
/** Members that each heartbeat names in turn. */
const turnMax = 2;
/** Members that one heartbeat names at most besides its speaker. */
const namesMax = 64;

/**
 * Whom a heartbeat names besides its speaker.
 *
 * Everybody hears most of the others by itself. It asks in its own heartbeat for those whom it does
 * not hear, and whoever hears them names them in its next one. News of a member is told for a
 * second, and all take turns, so that what was lost heals, whatever it was.
 *
 * @see PROTOCOL.md §19.15
 */
export class Gossip {
  private readonly awaitMs: number;
  /** When each was last heard, by itself. */
  private readonly heardMs = new Map<Thid, number>();
  /** Until when somebody is named whom others do not hear. */
  private readonly askedUntilMs = new Map<Thid, number>();
  /** Heartbeats that still tell of somebody. */
  private readonly news = new Map<Thid, number>();
  private turn: number;

  /** @param turn anything that differs between transmitters, so that they begin elsewhere. */
  constructor(heartbeatMs: number, turn: number) {
    this.awaitMs = relayBeats * heartbeatMs;
    this.turn = turn;
  }

  /** Somebody has spoken for itself. */
  heard(id: Thid, nowMs: number): void {
    this.heardMs.set(id, nowMs);
  }

  /** Somebody cannot be heard any more, until it speaks again. */
  cut(id: Thid): void {
    this.heardMs.delete(id);
  }

  /** Somebody asks for those whom it does not hear. */
  asked(missing: readonly Thid[], nowMs: number): void {
    for (const id of missing) this.askedUntilMs.set(id, nowMs + this.awaitMs);
  }

  /** There is something new about somebody. */
  changed(id: Thid): void {
    this.news.set(id, newsBeats);
  }

  forget(id: Thid): void {
    this.heardMs.delete(id);
    this.askedUntilMs.delete(id);
    this.news.delete(id);
  }

  /** Those who are not heard, of those who may live. */
  missing(living: readonly Thid[], nowMs: number): Thid[] {
    const isUnheard = (id: Thid): boolean =>
      nowMs - (this.heardMs.get(id) ?? Number.NEGATIVE_INFINITY) >= this.awaitMs;
    return living.filter(isUnheard).slice(0, namesMax);
  }

  /** Those whom the next heartbeat names, of those who may live. */
  names(living: readonly Thid[], nowMs: number): Thid[] {
    const names = new Set<Thid>();
    for (const [id, untilMs] of this.askedUntilMs) {
      if (nowMs >= untilMs) this.askedUntilMs.delete(id);
      else names.add(id);
    }
    for (const [id, left] of this.news) {
      names.add(id);
      if (left > 1) this.news.set(id, left - 1);
      else this.news.delete(id);
    }
    for (let left = Math.min(turnMax, living.length); left > 0; left--) {
      this.turn = (this.turn + 1) % living.length;
      names.add(living[this.turn] as Thid);
    }
    return [...names].slice(0, namesMax);
  }
}
