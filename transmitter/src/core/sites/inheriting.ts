import {
  type FieldMap,
  listField,
  MeshError,
  mapValue,
  ownField,
  readRun,
  type Run,
  sliceRun,
  stringField,
} from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import { Entry } from "../events/entry.js";
import type { Sender, Senders } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Announcing } from "./announcing.js";
import type { Links } from "./links.js";
import { type GroupName, readGroupName, readSession, type SiteWord } from "./site-words.js";

/** What inheriting needs of the transmitter around it. */
export interface InheritingParts {
  readonly links: () => Links;
  readonly groups: () => Groups;
  readonly announcing: Announcing;
  readonly senders: Senders;
  readonly counters: Counters;
}

/** Events that another transmitter leaves, all of one sender. */
interface Legacy {
  /** The one in which we ask about them. */
  readonly session: number;
  /** Those that have not settled them. */
  readonly groups: readonly GroupName[];
  /** Those that have not got them, because they were full. */
  readonly full: readonly GroupName[];
  /** What their sender was told of that. */
  readonly refused: string | undefined;
  readonly run: Run;
}

const groupsMax = 10_000;
const messageCharsMax = 1024;
const slicePrefix = Buffer.from("M EVNT ");

/**
 * Takes what another transmitter leaves that ends, as if its senders had repeated it here: all
 * others are asked what they know of it, the one that ends included. On streams it has been.
 *
 * @see PROTOCOL.md §18.11
 */
export class Inheriting {
  private readonly parts: InheritingParts;

  constructor(parts: InheritingParts) {
    this.parts = parts;
  }

  /** `HEIR` @throws {MeshError} as `readLegacy`; `BUSY` past `senderRangesMax` */
  take(word: SiteWord, nowMs: number): void {
    const legacy = readLegacy(word);
    const known = this.parts.senders.find(legacy.run.header.sender);
    if (known?.hasRoomFor(legacy.run) === false) {
      throw new MeshError("BUSY", "more ranges of one sender than are remembered");
    }
    const sender = this.senderOf(legacy, nowMs);
    const run = this.freshOf(sender, legacy.run);
    if (run === undefined) return;
    const { counters, groups } = this.parts;
    counters.add("eventsInherited", run.count);
    const onHandled = (count: number): void => counters.add("eventsHandled", count);
    const entry = new Entry(run, { sender, sink: sender, onHandled });
    const open = legacy.groups.map((name) => this.groupOf(name, nowMs));
    if (open.length > 1) entry.expect(new Uint16Array(run.count).fill(open.length));
    this.noteRefusals(legacy, entry, nowMs);
    const { session } = sender;
    const arrival = { nowMs, repeat: true, session, isOutput: false, isLeft: true };
    for (const group of open) groups().add(group, run, entry, arrival);
  }

  /** What a full group has not got is its sender's to know, and another home's to ask for. */
  private noteRefusals({ refused, full }: Legacy, entry: Entry, nowMs: number): void {
    const { run, sender } = entry;
    const groups = full.map((name) => this.groupOf(name, nowMs));
    for (let at = 0; at < run.count; at++) {
      const seq = run.seqAt(at);
      if (refused !== undefined) entry.refused(seq, "GROUP_FULL", refused);
      for (const { number } of groups) sender.miss(number, seq, true);
    }
  }

  /** The sender of a run; one that has come here since then asks in its own session. */
  private senderOf({ run: { header }, session }: Legacy, nowMs: number): Sender {
    const sender = this.parts.senders.open(header.sender, nowMs, 0);
    // One that is attached here says itself where its floor is, and which attachment this one is.
    if (sender.confirms !== undefined && !sender.isElsewhere) return sender;
    if (session > sender.session) {
      sender.session = session;
      sender.isElsewhere = this.parts.links().attachedSession(sender.id) > session;
    }
    sender.raise(header.floor);
    return sender;
  }

  /** What of a run is not known here; it is from now on. */
  private freshOf(sender: Sender, run: Run): Run | undefined {
    const indexes: number[] = [];
    for (let index = 0; index < run.count; index++) {
      const seq = run.seqAt(index);
      if (seq < sender.floor || sender.known.has(seq)) continue;
      sender.known.add(seq);
      indexes.push(index);
    }
    if (indexes.length === 0) return undefined;
    if (indexes.length === run.count) return run;
    return readRun(sliceRun(run, indexes, slicePrefix), slicePrefix.length);
  }

  /** The group of this name; one that nobody has is kept for cells that were lost. */
  private groupOf({ service, pattern }: GroupName, nowMs: number): Group {
    const group = this.parts.groups().open(service, pattern);
    if (group.memberCount === 0) this.parts.announcing.keep(group, nowMs);
    return group;
  }
}

/** @throws {MeshError} `BAD_PAYLOAD`, `BAD_SERVICE`, `BAD_PATTERN`, `BAD_RUN` */
function readLegacy({ map, part, end }: SiteWord): Legacy {
  const refused = ownField(map, "refused") ?? undefined;
  const groups = readGroups(map, "groups");
  if (groups.length === 0) throw new MeshError("BAD_PAYLOAD", "what is left is of some group");
  const run = readRun(part, end);
  if (run.header.floor > run.header.first) {
    throw new MeshError("BAD_RUN", "the floor of a run is at most its first number");
  }
  return {
    session: readSession(map),
    groups,
    full: readGroups(map, "full"),
    refused: refused === undefined ? refused : stringField(map, "refused", messageCharsMax),
    run,
  };
}

function readGroups(map: FieldMap, field: string): GroupName[] {
  return listField(map, field, groupsMax).map((each) => readGroupName(mapValue(each, "a group")));
}
