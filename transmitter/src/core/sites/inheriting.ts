import {
  type FieldMap,
  listField,
  MeshError,
  mapValue,
  readRun,
  type Run,
  sliceRun,
} from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import { Entry } from "../events/entry.js";
import type { Sender, Senders } from "../events/senders.js";
import type { Group } from "../groups/group.js";
import type { Groups } from "../groups/groups.js";
import type { Announcing } from "./announcing.js";
import { type GroupName, readGroupName, readSession, type SiteWord } from "./site-words.js";

/** What inheriting needs of the transmitter around it. */
export interface InheritingParts {
  readonly groups: () => Groups;
  readonly announcing: Announcing;
  readonly senders: Senders;
  readonly counters: Counters;
}

const groupsMax = 10_000;
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

  /** `HEIR` @throws {MeshError} `BAD_PAYLOAD`, `BAD_SERVICE`, `BAD_PATTERN`, `BAD_RUN` */
  take({ map, part, end }: SiteWord, nowMs: number): void {
    const asked = readSession(map);
    const names = readGroups(map);
    const run = readRun(part, end);
    const sender = this.senderOf(run, asked, nowMs);
    const { session } = sender;
    const fresh = this.freshOf(sender, run);
    if (fresh === undefined) return;
    const { counters } = this.parts;
    counters.add("eventsInherited", fresh.count);
    const onHandled = (count: number): void => counters.add("eventsHandled", count);
    const entry = new Entry(fresh, { sender, sink: sender, onHandled });
    if (names.length > 1) entry.expect(new Uint16Array(fresh.count).fill(names.length));
    const arrival = { nowMs, repeat: true, session, isOutput: false, isLeft: true };
    const groups = names.map((name) => this.groupOf(name, nowMs));
    for (const group of groups) this.parts.groups().add(group, fresh, entry, arrival);
  }

  /** The sender of a run; one that has come here since then asks in its own session. */
  private senderOf({ header }: Run, session: number, nowMs: number): Sender {
    const sender = this.parts.senders.open(header.sender, nowMs, 0);
    sender.session = Math.max(sender.session, session);
    sender.seenMs = nowMs;
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

/** @throws {MeshError} `BAD_PAYLOAD`, `BAD_SERVICE`, `BAD_PATTERN` */
function readGroups(map: FieldMap): GroupName[] {
  const names = listField(map, "groups", groupsMax).map((each) => {
    return readGroupName(mapValue(each, "a group"));
  });
  if (names.length === 0) throw new MeshError("BAD_PAYLOAD", "what is left is of some group");
  return names;
}
