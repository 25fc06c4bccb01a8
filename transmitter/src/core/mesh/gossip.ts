import type { Thid } from "@thynapse/protocol";

/** Heartbeats within which a sign of life comes by way of somebody else: two, and some time. */
const relayBeats = 2.4;
/** Heartbeats that name somebody of whom there is news. */
const newsBeats = 4;
/** Members that each heartbeat names in turn. */
const turnMax = 2;
/**
 * Members that one heartbeat names at most, of those who are new and of those whom others miss, and
 * whom its speaker misses. Where all are late each misses many, and an answer of everybody about
 * everybody made a heartbeat so long that all were later still. Many answer, each about others.
 */
const newsMax = 4;
const askedMax = 6;
const missingMax = 16;

/**
 * Whom a heartbeat names besides its speaker.
 *
 * Everybody hears most of the others by itself. It asks in its own heartbeat for those whom it does
 * not hear, and whoever hears them names them in its next one. News of a member is told for a
 * second, and all take turns, so that what was lost heals, whatever it was. How many are named is
 * bounded, whatever happens.
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
  /** Whose turn it is in each list. */
  private readonly rotas: Readonly<Record<"news" | "asked" | "missing" | "turn", Rota>>;

  /** @param turn anything that differs between transmitters, so that they begin elsewhere. */
  constructor(heartbeatMs: number, turn: number) {
    this.awaitMs = relayBeats * heartbeatMs;
    const rota = (): Rota => new Rota(turn);
    this.rotas = { news: rota(), asked: rota(), missing: rota(), turn: rota() };
  }

  /** Somebody has spoken for itself. */
  heard(id: Thid, nowMs: number): void {
    this.heardMs.set(id, nowMs);
  }

  /** Whether somebody is heard by itself: nobody else need tell of it. */
  hears(id: Thid, nowMs: number): boolean {
    return nowMs - (this.heardMs.get(id) ?? Number.NEGATIVE_INFINITY) < this.awaitMs;
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
  missing(living: readonly Thid[], nowMs: number): readonly Thid[] {
    const unheard = living.filter((id) => !this.hears(id, nowMs));
    return this.rotas.missing.next(unheard, missingMax);
  }

  /** Those whom the next heartbeat names, of those who may live. */
  names(living: readonly Thid[], nowMs: number): Thid[] {
    for (const [id, untilMs] of this.askedUntilMs) {
      if (nowMs >= untilMs) this.askedUntilMs.delete(id);
    }
    const { asked, news, turn } = this.rotas;
    const names = new Set([
      ...asked.next([...this.askedUntilMs.keys()], askedMax),
      ...news.next([...this.news.keys()], newsMax),
      ...turn.next(living, turnMax),
    ]);
    for (const [id, left] of this.news) {
      if (left > 1) this.news.set(id, left - 1);
      else this.news.delete(id);
    }
    return [...names];
  }
}

/** Takes some of a list that may change, others each time, until all had their turn. */
class Rota {
  private at: number;

  constructor(at: number) {
    this.at = at;
  }

  next<Item>(all: readonly Item[], max: number): readonly Item[] {
    if (all.length <= max) return all;
    const from = this.at % all.length;
    this.at = from + max;
    return [...all.slice(from), ...all.slice(0, from)].slice(0, max);
  }
}
