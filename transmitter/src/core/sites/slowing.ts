import type { Stream } from "../streams/streams.js";
import type { Links } from "./links.js";
import type { Site } from "./site.js";
import { writeSiteWord } from "./site-words.js";

/** So long senders wait for our readers, unless they are told to go on. */
export const slowMs = 200;
/** They are asked again after that, in ms. */
const againMs = 50;

/** Whose senders wait for us, and for which readers. */
interface Slowed {
  readonly streams: Set<Stream>;
  toldMs: number;
}

/**
 * Asks other transmitters to let their senders wait for readers of ours that lag behind, and to let
 * them go on as soon as those have come nearer.
 *
 * @see PROTOCOL.md §8.10
 */
export class Slowing {
  private readonly links: () => Links;
  private readonly slowed = new Map<Site, Slowed>();

  constructor(links: () => Links) {
    this.links = links;
  }

  /** A run of another transmitter has come, and the readers of these streams lag behind. */
  lag(site: Site, streams: readonly Stream[], nowMs: number): void {
    const slowed = this.slowed.get(site) ?? { streams: new Set(), toldMs: -againMs };
    for (const stream of streams) slowed.streams.add(stream);
    if (nowMs - slowed.toldMs < againMs) return;
    slowed.toldMs = nowMs;
    this.slowed.set(site, slowed);
    this.tell(site, slowMs, nowMs);
  }

  /** Ends the turn: tells those to go on for whom nobody lags behind any more. */
  flush(nowMs: number): void {
    for (const [site, { streams, toldMs }] of this.slowed) {
      const isOver = nowMs - toldMs >= slowMs;
      if (!isOver && [...streams].some((stream) => stream.isAhead(nowMs))) continue;
      this.slowed.delete(site);
      if (!isOver) this.tell(site, 0, nowMs);
    }
  }

  private tell(site: Site, ms: number, nowMs: number): void {
    const links = this.links();
    if (links.isLinked(site.id)) links.send(site.id, writeSiteWord("SLOW", { ms }), nowMs);
  }
}
