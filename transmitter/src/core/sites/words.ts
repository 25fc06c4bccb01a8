import {
  type Body,
  checkChannel,
  type FieldMap,
  intField,
  listField,
  MeshError,
  numberAt,
  ownField,
  readPackedBody,
  readRun,
  type Run,
  type Thid,
} from "@thynapse/protocol";
import type { Asks } from "../events/asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { Counters } from "../counters.js";
import type { Effect } from "../effects.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Span } from "../groups/ledger.js";
import type { Member } from "../groups/member.js";
import type { RouteTable } from "../events/route.js";
import type { Streams } from "../streams/streams.js";
import type { Adopting } from "./adopting.js";
import { type Gathering, readReplier } from "./gathering.js";
import type { Hosting } from "./hosting.js";
import type { Inheriting } from "./inheriting.js";
import type { Links } from "./links.js";
import { leaseMax, type Passing } from "./passing.js";
import type { Rounds } from "./rounds.js";
import type { Site } from "./site.js";
import {
  commandOf,
  groupFields,
  readCell,
  readGroupName,
  readSiteWord,
  type SiteWord,
  writeSiteWord,
} from "./site-words.js";
import { type Slowing, slowMs } from "./slowing.js";
import { TakingRuns } from "./taking-runs.js";

/** What the words of other transmitters are about. */
export interface WordsParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly effects: () => Effect[];
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly asks: Asks;
  readonly counters: Counters;
  /** Name of this transmitter as an origin. */
  readonly origin: string;
  readonly passing: Passing;
  readonly hosting: Hosting;
  readonly adopting: Adopting;
  readonly gathering: Gathering;
  readonly rounds: Rounds;
  readonly inheriting: Inheriting;
  readonly slowing: Slowing;
  /** The cell of this id, if it is attached here. */
  readonly cellOf: (id: Thid) => CellRecord | undefined;
}

type Handler = (site: Site, word: SiteWord, nowMs: number) => void;

/** Channels of which one word says how many events were lost. */
export const lostMax = 10_000;
/** Where the run begins in an `EVNT`. */
export const runAt = 7;

/** Takes the words of other transmitters: one handler each. @see PROTOCOL.md §18.2 */
export class Words {
  private readonly parts: WordsParts;
  private readonly runs: TakingRuns;
  private readonly handlers: Readonly<Record<string, Handler>>;

  constructor(parts: WordsParts) {
    this.parts = parts;
    this.runs = new TakingRuns(parts);
    this.handlers = this.makeHandlers();
  }

  /** @throws {MeshError} for a word that is wrong; nothing has changed then. */
  take(site: Site, part: Buffer, nowMs: number): void {
    const command = commandOf(part);
    if (command === "EVNT") {
      this.takeRun(site, readRun(part, runAt), nowMs);
      return;
    }
    const handler = Object.hasOwn(this.handlers, command) ? this.handlers[command] : undefined;
    if (handler === undefined) throw new MeshError("BAD_COMMAND", `no word of a link: ${command}`);
    handler(site, readSiteWord(part), nowMs);
  }

  private takeRun(site: Site, run: Run, nowMs: number): void {
    this.parts.counters.add("runsTaken");
    const lagging = this.runs.take(run, nowMs);
    if (run.extras !== undefined) this.parts.gathering.reached(site.id, run, nowMs);
    if (lagging.length > 0) this.parts.slowing.lag(site, lagging, nowMs);
  }

  private makeHandlers(): Readonly<Record<string, Handler>> {
    return {
      DLVR: (site, word, nowMs) => this.parts.hosting.delivered(site, word, nowMs),
      SETL: ({ id }, word, nowMs) => this.parts.passing.settled(id, word, nowMs),
      STLD: ({ id }, { map }) => this.parts.hosting.outputsDone(id, map),
      NEED: ({ id }, { map }) => this.needed(id, map),
      LEAS: ({ id }, { map }, nowMs) => this.parts.passing.leased(id, map, nowMs),
      RTRN: ({ id }, { map }) => this.returned(id, map),
      SEEK: ({ id }, { map }, nowMs) => this.parts.adopting.sought(id, map, nowMs),
      CLAM: ({ id }, { map }, nowMs) => this.parts.adopting.claimed(id, map, nowMs),
      HEIR: (_, word, nowMs) => this.parts.inheriting.take(word, nowMs),
      RPLY: (_, { map }) => this.replied(map),
      EXPC: ({ id }, { map }) => this.parts.gathering.expected(id, map),
      SLOW: (site, { map }, nowMs) => {
        site.slowUntilMs = nowMs + intField(map, "ms", { max: slowMs });
      },
      LOST: (_, { map }) => this.takeLost(map),
      SYNC: ({ id }, { map }, nowMs) => this.parts.rounds.asked(id, map, nowMs),
      SYND: ({ id }, { map }) => this.parts.rounds.answered(id, map),
    };
  }

  private needed(peer: Thid, map: FieldMap): void {
    const [count, received] = [intField(map, "count"), intField(map, "received")];
    const [life, ahead] = [intField(map, "life"), intField(map, "ahead", { fallback: 0 })];
    const [group, cell] = [this.groupOf(map), readCell(map)];
    // One that has just left has no credit; if it comes back, that is said, and asked for anew.
    if (group === undefined || !this.isMember(group, cell)) return;
    const lease = group.sites.lease(peer, cell);
    lease.need(life, count, received);
    // An absurd wish is a wish for as much as one word can grant.
    lease.wanted = Math.min(count, lease.granted + leaseMax);
    lease.ahead = ahead;
    this.parts.groups().touch(group);
  }

  /** Whether a cell of ours is in a group; any is, where none is named. */
  private isMember({ members }: Group, id: Thid | undefined): boolean {
    if (id === undefined) return true;
    const cell = this.parts.cellOf(id);
    return cell !== undefined && members.has(cell);
  }

  private returned(peer: Thid, map: FieldMap): void {
    const [life, count] = [intField(map, "life"), intField(map, "count")];
    const group = this.groupOf(map);
    if (group === undefined) return;
    group.sites.leaseOf(peer, readCell(map))?.giveBack(life, count);
    this.parts.counters.add("leasesReturned");
    this.parts.groups().touch(group);
  }

  private replied(map: FieldMap): void {
    if (ownField(map, "to") !== undefined) {
      this.parts.gathering.answered(map);
      return;
    }
    const group = this.groupOf(map);
    const [number, attempt] = [intField(map, "number"), intField(map, "attempt")];
    const body = readPackedBody(ownField(map, "body"));
    for (const member of group?.sites.all() ?? []) {
      const span = member.find(this.parts.origin, number, attempt);
      if (span === undefined) continue;
      const single = { ...span, from: number, to: number + 1 };
      this.parts.asks.part(
        single,
        intField(map, "index"),
        body,
        readReplier(ownField(map, "from")),
      );
      return;
    }
    this.parts.counters.add("partsStale");
  }

  private takeLost(map: FieldMap): void {
    for (const { channel, count } of listField(map, "channels", lostMax).map(readLost)) {
      const { streams } = this.parts.routes.resolve(channel);
      for (const stream of streams) this.parts.streams.lose(stream, count);
    }
  }

  private groupOf(map: FieldMap): Group | undefined {
    const { service, pattern } = readGroupName(map);
    return this.parts.groups().find(service, pattern.text);
  }
}

function readLost(row: unknown): { readonly channel: string; readonly count: number } {
  const [channel, count]: readonly unknown[] = Array.isArray(row) ? row : [];
  return { channel: checkChannel(channel, { system: true }), count: numberAt([count], 0, 1) };
}

/** One part of a streamed reply. */
export interface ReplyPart {
  readonly index: number;
  readonly body: Body;
  readonly nowMs: number;
}

/** Passes a part of a streamed reply on to the origin of its delivery. */
export function passReplyPart(
  links: Links,
  { member, span, reply }: { member: Member; span: Span; reply: ReplyPart },
): void {
  const { upstream } = span.lot;
  if (upstream === undefined || !links.isLinked(upstream.peer)) return;
  const { number, attempt } = upstream.renamed ?? { number: span.from, attempt: span.attempt };
  const { index, body, nowMs } = reply;
  const from = { id: member.id, service: member.service };
  const name = { ...groupFields(member.group), number, attempt, index, from };
  const word = { ...name, body: [body.tag, body.bytes] };
  links.send(upstream.peer, writeSiteWord("RPLY", word), nowMs);
}
