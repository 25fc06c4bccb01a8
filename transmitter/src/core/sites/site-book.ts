import { parsePattern, type Run, type Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { RouteTable } from "../events/route.js";
import { membersMax } from "../mesh/mesh-parts.js";
import type { Links } from "./links.js";
import { Site } from "./site.js";
import { writeSiteWord } from "./site-words.js";
import { lostMax } from "./words.js";

/** What the book of sites needs of the transmitter around it. */
export interface SiteBookParts {
  readonly routes: RouteTable;
  readonly counters: Counters;
  readonly unackedBytes: (id: Thid) => number;
}

/**
 * The other transmitters and what their cells multicatch.
 *
 * One that is dead stays in the routes for as long as the mesh remembers it: events for it are
 * counted instead of sent, so that its cells can be told how many they have missed if that start
 * comes back. Later nobody can tell.
 */
export class SiteBook {
  private readonly parts: SiteBookParts;
  private readonly living = new Map<Thid, Site>();
  private readonly buried = new Map<Thid, Site>();
  private nextNumber = 1;
  private nextPattern = 1;

  constructor(parts: SiteBookParts) {
    this.parts = parts;
  }

  find(id: Thid): Site | undefined {
    return this.living.get(id);
  }

  get all(): IterableIterator<Site> {
    return this.living.values();
  }

  /** Whether that start of a transmitter was held for dead. */
  wasBuried(id: Thid, incarnation: number): boolean {
    return this.buried.get(id)?.incarnation === incarnation;
  }

  /** Takes in a transmitter that lives, again if this start of it was known before. */
  found(id: Thid, incarnation: number): Site {
    let site = this.buried.get(id);
    if (site?.incarnation !== incarnation) {
      this.forget(id);
      const unackedBytes = (): number => this.parts.unackedBytes(id);
      site = new Site(this.nextNumber++, { id, incarnation }, unackedBytes);
    }
    this.buried.delete(id);
    site.isBuried = false;
    this.living.set(id, site);
    return site;
  }

  /** A transmitter is dead; it may yet turn out to live. It knows no stream from that one on. */
  bury(id: Thid, unknownFrom: number): void {
    const site = this.living.get(id);
    if (site === undefined) return;
    this.living.delete(id);
    site.isBuried = true;
    site.unknownFrom = unknownFrom;
    this.buried.set(id, site);
  }

  /**
   * One has been dead for so long that the mesh has forgotten it: nothing is counted for it any
   * more. Should that start come back after all, it will have counted nothing for us, either.
   */
  fade(id: Thid): void {
    const site = this.buried.get(id);
    if (site === undefined) return;
    this.withdraw(site);
    site.lost.clear();
    site.unknownFrom = 0;
    // The first was buried first: it has faded, since the mesh remembers no more than that.
    const [oldest = id] = this.buried.keys();
    if (this.buried.size > membersMax) this.buried.delete(oldest);
  }

  /** A transmitter will not come back: it has left, or has started again. */
  forget(id: Thid): void {
    for (const site of [this.living.get(id), this.buried.get(id)]) {
      if (site !== undefined) this.withdraw(site);
    }
    this.living.delete(id);
    this.buried.delete(id);
  }

  private withdraw(site: Site): void {
    for (const text of [...site.patterns.keys()]) this.setPattern(site, text, undefined);
  }

  /**
   * How many cells of a transmitter multicatch a pattern; `undefined`: it has no stream of it.
   *
   * @throws {MeshError} `BAD_PATTERN`
   */
  setPattern(site: Site, text: string, cells: number | undefined): void {
    const known = site.patterns.get(text);
    if (cells !== undefined && known !== undefined) known.cells = cells;
    else if (cells !== undefined) {
      const number = this.nextPattern++;
      const added = { number, site, pattern: parsePattern(text), cells };
      site.patterns.set(text, added);
      this.parts.routes.addSite(added);
    } else if (known !== undefined) {
      site.patterns.delete(text);
      this.parts.routes.removeSite(known);
    }
  }

  /** Events for a transmitter do not come through. */
  noteLost(site: Site, run: Run): void {
    this.parts.counters.add("eventsLostOnLink", run.count);
    for (let index = 0; index < run.count; index++) noteLostOf(site, run.channelAt(index), 1);
  }

  /** Tells those who have missed events how many. */
  tellLost(links: Links, nowMs: number): void {
    for (const site of this.all) {
      if (site.lost.size === 0 || !links.isLinked(site.id)) continue;
      const channels = this.takeLost(site);
      links.send(site.id, writeSiteWord("LOST", { channels }), nowMs, (isTaken) => {
        if (!isTaken) this.untold(site, channels);
      });
    }
  }

  /** What a transmitter is to be told that it has missed; `untold` if that has not come through. */
  private takeLost({ lost }: Site): Untold {
    const channels = [...lost].slice(0, lostMax);
    lost.clear();
    return channels;
  }

  private untold(site: Site, channels: Untold): void {
    for (const [channel, count] of channels) noteLostOf(site, channel, count);
  }
}

/** Channels, and how many of their events were lost. */
type Untold = readonly (readonly [channel: string, count: number])[];

function noteLostOf({ lost }: Site, channel: string, count: number): void {
  const known = lost.get(channel);
  if (known !== undefined || lost.size < lostMax) lost.set(channel, (known ?? 0) + count);
}
