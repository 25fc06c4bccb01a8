import {
  booleanField,
  type Claim,
  type FieldMap,
  type Run,
  type SeqRange,
  type Thid,
} from "@thynapse/protocol";
import type { CellRecord } from "../cells/cells.js";
import { Claims } from "../groups/claims.js";
import type { Counters } from "../counters.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import { type Span, spanCount } from "../groups/ledger.js";
import { numbersOf } from "../events/numbers.js";
import type { Senders } from "../events/senders.js";
import type { Hosting } from "./hosting.js";
import type { Links } from "./links.js";
import { once, type Pacing } from "./pacing.js";
import { rangesOfRun, type Repeated, Seeks } from "./seeks.js";
import { claimWords, holdingWords, readQuestion, type Saying, seekWords } from "./range-words.js";
import { type GroupName, readCell, readGroupName, readRangeRows } from "./site-words.js";
import { cede, homeAnswer, rangesOfSpan } from "./home-answer.js";
import { Returning } from "./returning.js";

/** How much later than another one we may find an origin dead, in ms: detection takes 1.5 s. */
const askedKeptMs = 3000;

/** What adopting needs of the transmitter around it. */
export interface AdoptingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly hosting: Hosting;
  readonly pacing: Pacing;
  readonly counters: Counters;
  readonly self: Thid;
  readonly senders: Senders;
  /** The cell of this id, if it is attached here. */
  readonly cellOf: (id: Thid) => CellRecord | undefined;
}

/**
 * What becomes of a sender's events when it has changed its home: the new one asks everybody what
 * they know of those that are repeated to it, takes over what cells hold of a dead origin, and
 * leaves to a living one what that has given out. @see PROTOCOL.md §10.9, §18.7
 */
export class Adopting {
  private readonly parts: AdoptingParts;
  private readonly seeks = new Seeks();
  /** Takes back the questions that this turn has yet to put. */
  private readonly noted: (() => void)[] = [];
  /** What others have asked about of late. */
  private readonly asked = new WeakMap<Group, Asked[]>();
  private readonly returning: Returning;

  constructor(parts: AdoptingParts) {
    this.parts = parts;
    this.returning = new Returning(parts);
  }

  /** A sender repeats events: what is known of them here, and at the end of the turn elsewhere? */
  seek(group: Group, run: Run, session: number): void {
    const [claims, ranges] = [(group.claims ??= new Claims()), rangesOfRun(run)];
    this.claimOwn(group, ranges);
    this.returning.answer(group, claims, { session, ranges });
    if (!this.seeks.add(group, { run, session })) return;
    // From now on their answers are waited for: a former home may know more than who claims.
    for (const peer of this.parts.links().linkedPeers()) {
      this.noted.push(claims.ask(run.header.sender, peer));
    }
  }

  /** Ends the turn: asks what is known of what was repeated in it. */
  flush(nowMs: number): void {
    this.returning.flush(nowMs);
    const peers = this.parts.links().linkedPeers();
    for (const [group, repeated] of this.seeks.take()) {
      this.parts.counters.add("seeks");
      const sender = repeated.ranges[0]?.sender ?? "";
      group.claims?.repeats(sender, repeated);
      for (const peer of peers) this.ask(peer, group, repeated, nowMs);
    }
    // That they would be asked was noted when the senders began to repeat.
    for (const takeBack of this.noted.splice(0)) takeBack();
  }

  private ask(peer: Thid, group: Group, repeated: Repeated, nowMs: number): void {
    const sender = repeated.ranges[0]?.sender ?? "";
    for (const word of seekWords(group, repeated)) {
      const takeBack = group.claims?.ask(sender, peer);
      this.parts.pacing.tell(
        peer,
        () => [word],
        nowMs,
        (isTaken) => {
          if (!isTaken) takeBack?.();
        },
      );
    }
  }

  /**
   * A transmitter that was held for dead lives. What has moved here meanwhile it does not know of:
   * which cells have what it had given them, and which senders are at home here.
   */
  returned(peer: Thid, group: Group, nowMs: number): void {
    const { claims } = group;
    if (claims !== undefined) {
      this.parts.pacing.tell(peer, () => this.claimedHere(group, claims), nowMs);
    }
    // What they hold of its own events comes on top.
    this.reclaim(peer, group, nowMs);
    this.askAgain(peer, group, nowMs);
  }

  /** What cells have claimed with us, and what others have told us to be settled. */
  private claimedHere(group: Group, claims: Claims): Buffer[] {
    const held = [...claims.allHeldHere()].filter(([cell]) => {
      return this.parts.cellOf(cell) !== undefined;
    });
    return holdingWords(group, claims.allSettled(), held);
  }

  /** One is found that may be the former home of senders, and was not known when they came. */
  askAgain(peer: Thid, group: Group, nowMs: number): void {
    for (const repeated of group.claims?.allRepeated() ?? []) {
      const [first] = repeated.ranges;
      const sender = this.parts.senders.find(first?.sender ?? "");
      // Also for one that has died, or moved on: what it has not taken along is ours to give out.
      if (sender?.session === repeated.session) this.ask(peer, group, repeated, nowMs);
    }
  }

  /**
   * The former home of senders is gone, and with it whoever answered for what it had given out:
   * all are asked again what their cells hold of that, and cells have time to come and claim it.
   */
  homeLost(group: Group, answered: readonly Repeated[], nowMs: number): void {
    if (answered.length === 0) return;
    for (const repeated of answered) {
      this.claimOwn(group, repeated.ranges);
      for (const peer of this.parts.links().linkedPeers()) this.ask(peer, group, repeated, nowMs);
    }
    this.parts.groups().claiming.holdAnew(group, nowMs);
  }

  /** What cells of ours hold of dead origins is as good as claimed by them. */
  private claimOwn(group: Group, ranges: readonly SeqRange[]): void {
    const { hosting, self } = this.parts;
    for (const [cell, held] of hosting.orphans.heldOf(group, numbersOf(ranges))) {
      group.claims?.add(cell, { held, settled: [], isMore: true }, self);
    }
    group.claims?.addSettled(hosting.settledOf(group, ranges));
  }

  /** `SEEK`: a sender repeats events at another transmitter. */
  sought(peer: Thid, map: FieldMap, nowMs: number): void {
    const name = readGroupName(map);
    const question = readQuestion(map);
    const { session, ranges } = question;
    const [first] = ranges;
    if (first === undefined) return;
    const group = this.parts.groups().find(name.service, name.pattern.text);
    if (group !== undefined) {
      this.tellHeld(peer, group, ranges, nowMs);
      const fresh = this.asked.get(group)?.filter(({ untilMs }) => untilMs > nowMs) ?? [];
      this.asked.set(group, [...fresh, { peer, ranges, untilMs: nowMs + askedKeptMs }]);
    }
    const sender = this.parts.senders.find(first.sender);
    if (group !== undefined && sender?.leaves(session) === true) {
      const left = cede(group, sender, question);
      for (const span of left) this.parts.counters.add("eventsCeded", spanCount(span));
      this.parts.groups().claiming.left(group, left, nowMs);
      this.parts.groups().touch(group);
    }
    const home = homeAnswer(group, sender, { ...question, peer });
    if (group !== undefined) sender?.askers.add(group.number, { peer, session, ranges: home.held });
    const settled = [
      ...home.settled,
      ...(group === undefined ? [] : this.parts.hosting.settledOf(group, ranges)),
      // What others have said of it here the new home may have missed.
      ...(group?.claims?.settledAmong(ranges) ?? []),
    ];
    const { held, free } = home;
    this.say(peer, name, { held, free, settled, sender: first.sender, isAnswer: true }, nowMs);
  }

  /** An origin is dead: who asked before that was known is told what cells of ours hold of it. */
  originLost(nowMs: number): void {
    for (const group of this.parts.groups().all) {
      for (const { peer, ranges, untilMs } of this.asked.get(group) ?? []) {
        if (untilMs > nowMs) this.tellHeld(peer, group, ranges, nowMs);
      }
    }
  }

  /** Tells what cells of ours hold of dead origins. */
  private tellHeld(peer: Thid, group: Group, ranges: readonly SeqRange[], nowMs: number): void {
    for (const [cell, held] of this.parts.hosting.orphans.heldOf(group, numbersOf(ranges))) {
      this.say(peer, group, { cell, held, settled: [], isMore: true }, nowMs);
    }
  }

  /**
   * The link to a transmitter begins anew: what was under way either way is lost. It is told what
   * our cells have of it, and asked again what it knows of what senders have repeated here.
   */
  renewed(peer: Thid, nowMs: number): void {
    for (const group of this.parts.groups().all) {
      this.reclaim(peer, group, nowMs);
      this.askAgain(peer, group, nowMs);
    }
  }

  /** What was under way from an origin is lost: it is told what our cells have of it. */
  private reclaim(peer: Thid, group: Group, nowMs: number): void {
    const { hosting, pacing } = this.parts;
    hosting.orphans.add(group, peer);
    const words = (): Buffer[] => {
      const held = hosting.orphans.heldOf(group);
      return holdingWords(group, hosting.allSettledOf(group), held, true);
    };
    pacing.tell(peer, words, nowMs);
  }

  /**
   * A cell that came to us from elsewhere claims what it has: everybody must know. What it holds is
   * told when it has made its catch here again.
   */
  spread({ id: cell, service }: CellRecord, claim: Claim, nowMs: number): void {
    const { held, settled } = claim;
    const name = readGroupName({ service, pattern: claim.pattern });
    const words = once(() => claimWords(name, { cell, held, settled }));
    for (const peer of this.parts.links().linkedPeers()) this.parts.pacing.tell(peer, words, nowMs);
  }

  /** `CLAM`: what a transmitter, or one of its cells, knows of events of a group. */
  claimed(peer: Thid, map: FieldMap, nowMs: number): void {
    const { service, pattern } = readGroupName(map);
    const group = this.parts.groups().find(service, pattern.text);
    if (group === undefined) return;
    const [cell, sender] = [readCell(map), readCell(map, "sender")];
    const [held, settled] = [readRangeRows(map, "held"), readRangeRows(map, "settled")];
    const [isMore, free] = [booleanField(map, "more", false), readRangeRows(map, "free")];
    const isAnswer = booleanField(map, "answer", false);
    const claims = (group.claims ??= new Claims());
    if (cell === undefined) {
      claims.addSettled(settled);
      claims.addOrigin(peer, { held, free });
      if (isAnswer && sender !== undefined) claims.answered(sender, peer);
    } else claims.add(cell, { held, settled, isMore }, peer);
    const senders = new Set([...held, ...settled, ...free].map((range) => range.sender));
    if (sender !== undefined) senders.add(sender);
    this.parts.groups().claiming.apply(group, nowMs, senders);
    this.parts.groups().touch(group);
  }

  /** Something of a sender that has moved is settled here: whoever has asked about it waits. */
  tellAskers(group: Group, span: Span, nowMs: number): void {
    const askers = span.lot.entry?.askers;
    for (const [peer, settled] of askers?.take(group.number, rangesOfSpan(span)) ?? []) {
      if (peer !== this.parts.self) this.say(peer, group, { held: [], settled }, nowMs);
      else this.returning.settled(group, settled);
    }
  }

  private say(peer: Thid, group: GroupName, claim: Saying, nowMs: number): void {
    if (!this.parts.links().isLinked(peer)) return;
    for (const word of claimWords(group, claim)) this.parts.pacing.say(peer, word, nowMs);
  }
}

/** What another transmitter has asked about. */
interface Asked {
  readonly peer: Thid;
  readonly ranges: readonly SeqRange[];
  readonly untilMs: number;
}
