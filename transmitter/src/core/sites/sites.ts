import { numberAt, parsePattern, type Pattern, type Run, type Thid } from "@thynapse/protocol";
import type { Asks } from "../asks.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Intake } from "../intake.js";
import type { Group } from "../group.js";
import type { Groups } from "../groups.js";
import type { Elsewhere, SiteHanding } from "../handing.js";
import type { Effect } from "../effects.js";
import type { Span } from "../ledger.js";
import type { Member } from "../member.js";
import type { RouteTable } from "../route.js";
import type { Streams } from "../streams.js";
import { Adopting, type AdoptingParts } from "./adopting.js";
import { Announcing, cellKey, groupKey, streamKey } from "./announcing.js";
import { Gathering } from "./gathering.js";
import { Hosting } from "./hosting.js";
import { type Links, noLinks } from "./links.js";
import { Passing } from "./passing.js";
import { Site } from "./site.js";
import type { SiteMember } from "./site-member.js";
import { readSitePart } from "./site-part.js";
import { groupFields, isSiteWord, writeSiteWord } from "./site-words.js";
import { lostMax, passReplyPart, type ReplyPart, runAt, Words } from "./words.js";

/** What sites need of the transmitter around them. */
export interface SitesParts extends Pick<AdoptingParts, "movedElsewhere" | "wasTaken"> {
  readonly self: { readonly id: Thid; readonly incarnation: number };
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly asks: Asks;
  readonly deadlines: Deadlines;
  readonly counters: Counters;
  readonly groups: () => Groups;
  readonly intake: () => Intake;
  readonly effects: () => Effect[];
  readonly nowMs: () => number;
  readonly groupKeepMs: number;
}

/**
 * The other transmitters of the mesh, as places where events go and from where they come.
 *
 * @see PROTOCOL.md §18
 */
export class Sites implements Elsewhere {
  readonly announcing: Announcing;
  readonly passing: Passing;
  readonly hosting: Hosting;
  readonly adopting: Adopting;
  readonly gathering: Gathering;
  private readonly parts: SitesParts;
  private readonly byId = new Map<Thid, Site>();
  private readonly here: Site;
  private links: Links = noLinks;
  private nextNumber = 1;
  private readonly words: Words;

  constructor(parts: SitesParts) {
    this.parts = parts;
    this.here = new Site(0, parts.self, () => 0);
    const links = (): Links => this.looped;
    const shared = { ...parts, links, self: parts.self.id, origin: this.here.origin };
    this.announcing = new Announcing({ ...shared, links: () => this.links });
    this.passing = new Passing(shared);
    this.hosting = new Hosting(shared);
    this.adopting = new Adopting({ ...shared, hosting: this.hosting });
    this.gathering = new Gathering(shared);
    const { passing, hosting, adopting, gathering } = this;
    this.words = new Words({ ...shared, passing, hosting, adopting, gathering });
  }

  /** Another transmitter that is known, by its id. */
  find(id: Thid): Site | undefined {
    return this.byId.get(id);
  }

  get all(): Iterable<Site> {
    return this.byId.values();
  }

  /** Whether other transmitters are linked with this one. */
  get hasPeers(): boolean {
    return this.links.linkedPeers().length > 0;
  }

  /** The transmitter has joined a mesh. */
  join(links: Links): void {
    this.links = links;
  }

  /** Calls `then` when every live transmitter knows what cells here catch. */
  whenKnown(then: () => void, nowMs: number): void {
    this.announcing.flush(nowMs);
    this.links.whenKnown(then, nowMs);
  }

  /** A transmitter lives, and this start of it. */
  found(id: Thid, incarnation: number): Site {
    const known = this.byId.get(id);
    if (known?.incarnation === incarnation) return known;
    if (known !== undefined) this.lost(id, this.parts.nowMs());
    const site = new Site(this.nextNumber++, { id, incarnation }, () => {
      return this.links.isLinked(id) ? this.links.unackedBytes(id) : 0;
    });
    this.byId.set(id, site);
    return site;
  }

  /** A transmitter is dead, has left, or has started again. */
  lost(id: Thid, nowMs: number): void {
    const site = this.byId.get(id);
    if (site === undefined) return;
    this.byId.delete(id);
    for (const pattern of site.patterns.values()) this.parts.routes.removeSite(pattern, site);
    this.parts.counters.add("sitesLost");
    this.hosting.originLost(id);
    const groups = this.parts.groups();
    for (const group of [...groups.all]) {
      if (group.sites.partOf(id) !== undefined) {
        group.sites.set(id, undefined);
        group.agree();
        group.owners.changed();
        if (group.memberCount === 0) groups.keep(group, nowMs + this.parts.groupKeepMs);
      }
      groups.siteLost(group, id, nowMs);
      group.sites.sweep();
      groups.endIfEmpty(group, nowMs);
    }
    this.parts.asks.siteLost(id);
  }

  /** The link to a living transmitter began anew: what was under way is not to be had any more. */
  begunAnew(id: Thid, nowMs: number): void {
    const groups = this.parts.groups();
    for (const group of groups.all) {
      group.sites.endLeases(id);
      groups.siteLost(group, id, nowMs);
      this.adopting.reclaim(id, group, nowMs);
    }
  }

  /** A transmitter has set a value of its record. */
  changed(id: Thid, key: string, value: unknown, nowMs: number): void {
    const site = this.byId.get(id);
    if (site === undefined) return;
    if (key.startsWith(streamKey)) this.setPattern(site, key.slice(streamKey.length), value);
    else if (key.startsWith(groupKey))
      this.setGroup(site, key.slice(groupKey.length), value, nowMs);
    else if (key.startsWith(cellKey) && Array.isArray(value)) {
      this.parts.movedElsewhere(key.slice(cellKey.length), numberAt(value, 1, 0), id, nowMs);
    }
  }

  private setPattern(site: Site, text: string, value: unknown): void {
    const known = site.patterns.get(text);
    if (value === undefined && known !== undefined) {
      site.patterns.delete(text);
      this.parts.routes.removeSite(known, site);
    } else if (value !== undefined && known === undefined) {
      const pattern = parsePattern(text);
      site.patterns.set(text, pattern);
      this.parts.routes.addSite(pattern, site);
    }
  }

  private setGroup(site: Site, name: string, value: unknown, nowMs: number): void {
    const [service = "", text = ""] = name.split(" ");
    const groups = this.parts.groups();
    const part = value === undefined ? undefined : readSitePart(value);
    let group = groups.find(service, text);
    if (part === undefined && group === undefined) return;
    group ??= groups.open(...nameOf(service, text));
    group.sites.set(site.id, part);
    if (part !== undefined && part.members > 0) group.found();
    group.agree();
    group.owners.changed();
    groups.joined(group, nowMs);
    groups.endIfEmpty(group, nowMs);
  }

  /** Passes a run on to the streams of another transmitter. */
  forward(site: Site, run: Run, nowMs: number, then: () => void): void {
    this.parts.counters.add("runsLinked");
    const part =
      run.start === runAt ? run.bytes : Buffer.concat([eventHead, run.bytes.subarray(run.start)]);
    if (!this.links.isLinked(site.id)) {
      this.noteLost(site, run);
      then();
      return;
    }
    this.links.send(site.id, part, nowMs, (isTaken) => {
      if (!isTaken) this.noteLost(site, run);
      then();
    });
  }

  private noteLost(site: Site, run: Run): void {
    this.parts.counters.add("eventsLostOnLink", run.count);
    for (let index = 0; index < run.count; index++) {
      const channel = run.channelAt(index);
      site.lost.set(channel, (site.lost.get(channel) ?? 0) + 1);
    }
  }

  /** Takes a word of another transmitter. @throws {MeshError} for one that is wrong. */
  word(from: Thid, part: Buffer, nowMs: number): void {
    const site = from === this.here.id ? this.here : this.byId.get(from);
    if (site !== undefined && isSiteWord(part)) this.words.take(site, part, nowMs);
  }

  /** Passes a part of a streamed reply on to the origin of its delivery. */
  passPart(member: Member, span: Span, reply: ReplyPart): void {
    passReplyPart(this.looped, { member, span, reply });
  }

  wasAway(nowMs: number): boolean {
    return this.links.wasAway(nowMs);
  }

  /** Ends the turn, first: tells other origins what became of their deliveries. */
  passBack(nowMs: number): void {
    this.hosting.flush(nowMs);
  }

  /** Ends the turn, last: tells the others what it has changed. */
  flush(nowMs: number): void {
    this.announcing.flush(nowMs);
    for (const site of this.byId.values()) {
      if (site.lost.size === 0 || !this.links.isLinked(site.id)) continue;
      const channels = [...site.lost].slice(0, lostMax);
      site.lost.clear();
      this.links.send(site.id, writeSiteWord("LOST", { channels }), nowMs);
    }
  }

  deliver(group: Group, site: SiteMember, span: Span, handing: SiteHanding): void {
    this.passing.deliver(group, site, span, handing);
  }

  demand(group: Group, nowMs: number): void {
    this.passing.demand(group, nowMs);
  }

  grant(group: Group, peer: Thid, cell: Thid | undefined, count: number): void {
    if (!this.links.isLinked(peer)) return;
    this.parts.counters.add("leasesGranted");
    const word = { ...groupFields(group), cell, count };
    this.links.send(peer, writeSiteWord("LEAS", word), this.parts.nowMs());
  }

  seek(group: Group, run: Run, session: number): void {
    this.adopting.seek(group, run, session, this.parts.nowMs());
  }

  announce(group: Group): void {
    this.announcing.group(group);
  }

  /** The links, and a short way to ourselves: our cells may hold what another origin gave them. */
  private get looped(): Links {
    const { links, here } = this;
    return {
      ...linksOf(links),
      isLinked: (id) => id === here.id || links.isLinked(id),
      send: (id, part, nowMs, done) => {
        if (id !== here.id) {
          links.send(id, part, nowMs, done);
          return;
        }
        this.word(id, part, nowMs);
        done?.(true);
      },
    };
  }
}

const eventHead = Buffer.from("M EVNT ", "latin1");

function nameOf(service: string, text: string): [string, Pattern] {
  return [service, parsePattern(text)];
}

function linksOf(links: Links): Links {
  return {
    send: (id, part, nowMs, done) => links.send(id, part, nowMs, done),
    isLinked: (id) => links.isLinked(id),
    unackedBytes: (id) => links.unackedBytes(id),
    linkedPeers: () => links.linkedPeers(),
    wasAway: (nowMs) => links.wasAway(nowMs),
    set: (key, value) => links.set(key, value),
    whenKnown: (then, nowMs) => links.whenKnown(then, nowMs),
  };
}
