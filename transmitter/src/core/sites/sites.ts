import type { MeshError, Run, Thid } from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import type { Asks } from "../events/asks.js";
import type { Counters } from "../counters.js";
import type { Deadlines } from "../deadlines.js";
import type { Intake } from "../events/intake.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Elsewhere, SiteHanding } from "../groups/handing.js";
import type { Holder } from "../groups/holder.js";
import type { Effect } from "../effects.js";
import type { Span } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import type { RouteTable } from "../events/route.js";
import type { Streams } from "../streams/streams.js";
import { Adopting, type AdoptingParts } from "./adopting.js";
import { Announcing, streamKey } from "./announcing.js";
import { Gathering } from "./gathering.js";
import { Hosting } from "./hosting.js";
import { Inheriting } from "./inheriting.js";
import type { Lease } from "./lease.js";
import { type Links, loopedLinks, noLinks } from "./links.js";
import { Pacing, type PacingParts } from "./pacing.js";
import { Passing } from "./passing.js";
import { Rounds } from "./rounds.js";
import { Site } from "./site.js";
import { SiteBook } from "./site-book.js";
import type { SiteMember } from "./site-member.js";
import { refusalOf, SiteRecords } from "./site-records.js";
import { groupFields, isSiteWord, writeSiteWord } from "./site-words.js";
import { Slowing } from "./slowing.js";
import { Succession } from "./succession.js";
import { passReplyPart, type ReplyPart, runAt, Words } from "./words.js";

/** What sites need of the transmitter around them. */
export interface SitesParts
  extends Pick<AdoptingParts, "senders" | "cellOf">,
    Pick<PacingParts, "limits"> {
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
  /** A cell that is attached here has the id of one that is attached elsewhere: it must go. */
  readonly twin: (cell: CellRecord, nowMs: number) => void;
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
  readonly rounds: Rounds;
  readonly succession: Succession;
  private readonly parts: SitesParts;
  private readonly book: SiteBook;
  private readonly here: Site;
  private readonly records: SiteRecords;
  private links: Links = noLinks;
  /** The links, and a short way to ourselves: our cells may hold what another origin gave them. */
  private looped: Links = noLinks;
  private readonly slowing: Slowing;
  private readonly words: Words;
  private readonly pacing: Pacing;

  constructor(parts: SitesParts) {
    this.parts = parts;
    this.here = new Site(0, parts.self, () => 0);
    this.book = new SiteBook({
      ...parts,
      unackedBytes: (id) => (this.links.isLinked(id) ? this.links.unackedBytes(id) : 0),
    });
    const links = (): Links => this.looped;
    const pacing = new Pacing({ ...parts, links });
    this.pacing = pacing;
    const shared = { ...parts, links, pacing, self: parts.self.id, origin: this.here.origin };
    this.announcing = new Announcing({ ...shared, links: () => this.links });
    this.passing = new Passing(shared);
    this.hosting = new Hosting(shared);
    this.adopting = new Adopting({ ...shared, hosting: this.hosting });
    this.gathering = new Gathering(shared);
    this.rounds = new Rounds({ ...shared, links: () => this.links });
    const { announcing, passing, hosting, adopting, gathering, rounds, book } = this;
    this.succession = new Succession({
      ...{ ...shared, hosting, rounds },
      isDraining: (id) => book.find(id)?.isDraining === true,
    });
    this.records = new SiteRecords({ ...shared, book, announcing, passing });
    const inheriting = new Inheriting({ ...shared, announcing });
    this.slowing = new Slowing(links);
    const takers = { passing, hosting, adopting, gathering, rounds, inheriting };
    this.words = new Words({ ...shared, ...takers, slowing: this.slowing });
  }

  /** Another transmitter that lives, by its id. */
  find(id: Thid): Site | undefined {
    return this.book.find(id);
  }

  /** Whether other transmitters are linked with this one. */
  get hasPeers(): boolean {
    return this.links.linkedPeers().length > 0;
  }

  /** When this transmitter came to others; infinite where there are none. */
  get joinedMs(): number {
    return this.hasPeers ? this.links.joinedMs() : Number.POSITIVE_INFINITY;
  }

  /** The transmitter has joined a mesh. */
  join(links: Links): void {
    this.links = links;
    this.looped = loopedLinks(links, this.here.id, (...word) => this.word(...word));
  }

  /** Calls `then` when every live transmitter knows what cells here catch. */
  whenKnown(then: () => void, nowMs: number): void {
    this.announcing.flush(nowMs);
    this.links.whenKnown(then, nowMs);
  }

  /**
   * A transmitter lives, this start of it, and has set these values. @returns why some of those
   * were refused.
   */
  found(
    id: Thid,
    incarnation: number,
    values: readonly (readonly [key: string, value: unknown])[],
  ): MeshError[] {
    const nowMs = this.parts.nowMs();
    if (this.book.find(id) !== undefined) this.lost(id, nowMs, true);
    const isBack = this.book.wasBuried(id, incarnation);
    const site = this.book.found(id, incarnation);
    // What it took while it was held for dead it cannot count for catches that are younger.
    if (isBack) this.parts.streams.doubt(site.unknownFrom);
    const patterns = new Set(values.map(([key]) => key));
    for (const text of [...site.patterns.keys()]) {
      if (!patterns.has(`${streamKey}${text}`)) this.book.setPattern(site, text, undefined);
    }
    const refused = values.flatMap(([key, value]) => {
      return refusalOf(() => this.changed(id, key, value, nowMs));
    });
    const tell = isBack ? "returned" : "askAgain";
    for (const group of this.parts.groups().all) this.adopting[tell](id, group, nowMs);
    return refused;
  }

  /** A transmitter is dead, or will not come back: it has left, or has started again. */
  lost(id: Thid, nowMs: number, isForGood: boolean): void {
    const isKnown = this.book.find(id) !== undefined;
    if (isForGood) this.book.forget(id);
    else this.book.bury(id, this.parts.streams.unknownFrom);
    if (isKnown) this.parts.counters.add("sitesLost");
    this.pacing.drop(id);
    this.hosting.originLost(id);
    this.adopting.originLost(nowMs);
    this.rounds.lost(id, isForGood);
    const groups = this.parts.groups();
    for (const group of [...groups.all]) this.lostFor(group, id, nowMs);
    this.parts.asks.siteLost(id);
  }

  private lostFor(group: Group, id: Thid, nowMs: number): void {
    const groups = this.parts.groups();
    const answered = [...(group.claims?.answeredBy(id) ?? [])];
    group.claims?.cellsLost(id);
    groups.siteLost(group, id, nowMs);
    this.adopting.homeLost(group, answered, nowMs);
    if (group.sites.partOf(id) === undefined) return;
    group.sites.set(id, undefined);
    this.passing.withdraw(group, nowMs);
    group.agree();
    group.owners.changed();
    if (group.memberCount === 0) this.announcing.keep(group, nowMs);
    groups.endIfEmpty(group, nowMs);
  }

  /** One has been dead for long: the mesh has forgotten it. */
  forgotten(id: Thid): void {
    this.book.fade(id);
  }

  /** One that is gone had confirmed events without us, nobody knows how many. */
  livedOn(): void {
    this.parts.counters.add("originsLivedOn");
    this.parts.streams.doubt();
  }

  /** The link to a living transmitter began anew: what was under way is not to be had any more. */
  begunAnew(id: Thid, nowMs: number): void {
    this.pacing.drop(id);
    this.hosting.anew(id);
    this.parts.asks.siteLost(id);
    const groups = this.parts.groups();
    for (const group of groups.all) {
      group.sites.endLeases(id);
      groups.siteLost(group, id, nowMs);
    }
    this.adopting.renewed(id, nowMs);
    this.succession.anew(id, nowMs);
  }

  /** A transmitter has set a value of its record. @throws {MeshError} for one that is wrong. */
  changed(id: Thid, key: string, value: unknown, nowMs: number): void {
    const site = this.book.find(id);
    if (site !== undefined) this.records.changed(site, key, value, nowMs);
  }

  /** Passes a run on to the streams of another transmitter. */
  forward(site: Site, run: Run, nowMs: number, then: () => void): void {
    if (site.isBuried || !this.links.isLinked(site.id)) {
      this.book.noteLost(site, run);
      then();
      return;
    }
    this.parts.counters.add("runsLinked");
    const { bytes, start } = run;
    const part = start === runAt ? bytes : Buffer.concat([eventHead, bytes.subarray(start)]);
    this.links.send(site.id, part, nowMs, (isTaken) => {
      if (!isTaken) this.book.noteLost(site, run);
      then();
    });
  }

  /** Takes a word of another transmitter. @throws {MeshError} for one that is wrong. */
  word(from: Thid, part: Buffer, nowMs: number): void {
    const site = from === this.here.id ? this.here : this.book.find(from);
    if (site !== undefined && isSiteWord(part)) this.words.take(site, part, nowMs);
  }

  /** Passes a part of a streamed reply on to the origin of its delivery. */
  passPart(member: Member, span: Span, reply: ReplyPart): void {
    passReplyPart(this.looped, { member, span, reply });
  }

  /** The highest session of a cell that is attached to another living transmitter; 0: none is. */
  sessionElsewhere(cell: Thid): number {
    return this.links.attachedSession(cell);
  }

  wasAway(nowMs: number): boolean {
    return this.links.wasAway(nowMs);
  }

  /** Ends the turn, first: tells other origins what became of their deliveries. */
  passBack(nowMs: number): void {
    this.hosting.flush(nowMs);
  }

  /** Ends the turn, last: tells others what they have missed, and that they need wait no more. */
  tellOthers(nowMs: number): void {
    this.book.tellLost(this.links, nowMs);
    this.slowing.flush(nowMs);
    this.pacing.flush(nowMs);
  }

  deliver(group: Group, site: SiteMember, span: Span, handing: SiteHanding): void {
    this.passing.deliver(group, site, span, handing);
  }

  demand(group: Group, nowMs: number, unmet?: ReadonlyMap<Holder, number>): void {
    this.passing.demand(group, nowMs, unmet);
  }

  grant(group: Group, { peer, cell, life }: Lease, count: number): boolean {
    if (!this.links.isLinked(peer)) return false;
    this.parts.counters.add("leasesGranted");
    const word = { ...groupFields(group), cell, life, count };
    this.links.send(peer, writeSiteWord("LEAS", word), this.parts.nowMs());
    return true;
  }

  seek(group: Group, run: Run, session: number): void {
    this.adopting.seek(group, run, session);
  }

  announce(group: Group): void {
    this.announcing.group(group);
  }

  ended(group: Group): void {
    this.announcing.group(group);
    this.hosting.ended(group);
  }
}

const eventHead = Buffer.from("M EVNT ", "latin1");
