import {
  type ChannelTable,
  isSystemChannel,
  type LooseEvent,
  type Ref,
  type Run,
  readRun,
  sliceRun,
} from "@thynapse/protocol";
import type { Asks } from "./asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { ConfirmSink } from "./confirms.js";
import type { Counters } from "../counters.js";
import type { Dedupe } from "./dedupe.js";
import type { Effect } from "../effects.js";
import { Entry } from "./entry.js";
import type { Groups } from "../groups/groups.js";
import type { Pacer } from "../streams/pace.js";
import type { Behind, OwnEvents } from "./own-events.js";
import type { Route, RouteTable } from "./route.js";
import { acceptAll, arrivalAt, listenersOf, matchedBy, Plan, type Step } from "./plan.js";
import { Repeats } from "./repeats.js";
import type { Sender } from "./senders.js";
import type { Site } from "../sites/site.js";
import type { Stream, Streams } from "../streams/streams.js";

/** What the intake needs of the transmitter around it. */
export interface IntakeParts {
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly asks: Asks;
  readonly dedupe: Dedupe;
  readonly own: OwnEvents;
  readonly counters: Counters;
  readonly wallMs: () => number;
  readonly effects: () => Effect[];
  /** Passes a run on to the streams of another transmitter; `then` when it need not be kept. */
  readonly forward: (site: Site, run: Run, nowMs: number, then: () => void) => void;
  /** Answers a request on a system channel. */
  readonly onSystemRequest: (cell: CellRecord, run: Run, index: number, nowMs: number) => void;
}

/** How a run came. */
export interface Arrival {
  readonly nowMs: number;
  /** The cell that sent it; none for system events. */
  readonly cell?: CellRecord | undefined;
  /** Whether it was sent before, in an earlier attachment. */
  readonly repeat?: boolean | undefined;
  readonly ref?: Ref | undefined;
  /** Whether a handler has sent it with its settlement. */
  readonly isOutput?: boolean | undefined;
  /** The route of the whole run, where that is known to be one. */
  readonly route?: Route | undefined;
}

/**
 * How long the confirms of a sender wait at most for readers that lag: with a window of 4 MiB it
 * can still send 20 MB/s, whatever its readers do.
 */
const paceMs = 200;

const slicePrefix = Buffer.from("M EVNT ");

/**
 * Where events enter: repeats are filtered, the rest goes to every stream and group that it
 * matches.
 */
export class Intake {
  private readonly parts: IntakeParts;
  private readonly repeats: Repeats;

  constructor(parts: IntakeParts) {
    this.parts = parts;
    this.repeats = new Repeats(parts);
  }

  /** The number that the next event numbered here gets. */
  get nextOwn(): number {
    return this.parts.own.next;
  }

  /** Takes a run of a sender that numbers its events. Hot path: guarded by `bench/micro/core`. */
  take(sender: Sender, run: Run, arrival: Arrival): void {
    const { first, floor, channels } = run.header;
    // Resolving validates the names: before anything is taken, so that a bad run changes nothing.
    const route = this.routeOf(channels);
    sender.raise(floor);
    if (first < sender.floor || sender.known.overlaps(first, run.last)) {
      const fresh = this.confirmKnown(sender, run);
      if (fresh.length === 0) return;
      const rest = this.slice(run, fresh);
      for (const index of fresh) sender.known.add(run.seqAt(index));
      this.place(sender, rest, sender, arrival);
      return;
    }
    if (run.seqs === undefined) sender.known.add(first, run.last);
    else for (const seq of run.seqs) sender.known.add(seq);
    const { nowMs, cell, repeat, ref } = arrival;
    this.place(sender, run, sender, { nowMs, cell, repeat, ref, route });
  }

  /**
   * Validates what `take` would refuse, for a run that is taken later. @throws {MeshError}
   * `BAD_CHANNEL`
   */
  check(run: Run): void {
    this.routeOf(run.header.channels);
  }

  /**
   * The one route of all these channels; `undefined` where they part. @throws {MeshError}
   * `BAD_CHANNEL`
   */
  private routeOf(channels: ChannelTable): Route | undefined {
    const route = this.parts.routes.resolve(channels.at(0));
    let uniform = true;
    for (let at = 1; at < channels.length; at++) {
      uniform = this.parts.routes.resolve(channels.at(at)) === route && uniform;
    }
    return uniform ? route : undefined;
  }

  /** Numbers events and takes them: outputs, events in `J` without a number, system events. */
  takeLoose(
    events: readonly LooseEvent[],
    behind: Behind,
    sink: ConfirmSink,
    arrival: Arrival,
  ): Run {
    const run = this.parts.own.write(events, behind, this.parts.wallMs());
    this.place(this.parts.own.sender, run, sink, arrival);
    return run;
  }

  /** Confirms what the origin knows already; returns the indexes of what it does not. */
  private confirmKnown(sender: Sender, run: Run): number[] {
    const fresh: number[] = [];
    for (let index = 0; index < run.count; index++) {
      const seq = run.seqAt(index);
      if (seq >= sender.floor && !sender.known.has(seq)) {
        fresh.push(index);
        continue;
      }
      this.parts.counters.add("eventsRepeated");
      const refusal = sender.refusalOf(seq);
      if (refusal !== undefined) {
        sender.refused(seq, seq, refusal.code, refusal.message);
        continue;
      }
      sender.accepted(seq, seq, 0, true);
      if (sender.isHandled(seq)) sender.handled(seq, seq);
    }
    return fresh;
  }

  private place(sender: Sender, run: Run, sink: ConfirmSink, arrival: Arrival): void {
    const { counters } = this.parts;
    const onHandled = (count: number): void => counters.add("eventsHandled", count);
    const entry = new Entry(run, { sender, sink, onHandled });
    counters.add("runsAccepted");
    counters.add("eventsAccepted", run.count);
    const route = arrival.route ?? this.routeOf(run.header.channels);
    const ours = arrival.cell === undefined;
    if (route !== undefined && run.isPlain && (ours || !route.system)) {
      this.placeWhole(run, entry, route, arrival);
    } else this.placeEach(run, entry, arrival);
  }

  /** Every event has the same route: the run goes on as it came. */
  private placeWhole(run: Run, entry: Entry, route: Route, arrival: Arrival): void {
    for (const stream of route.streams) {
      this.parts.counters.add("runsForwarded");
      this.publish(stream, run, arrival);
    }
    const matched = matchedBy(route);
    if (matched === 0) this.parts.counters.add("eventsUnmatched", run.count);
    const waits = route.groups.length + route.sites.length;
    if (waits === 0) {
      acceptAll(run, entry, matched);
      if (run.seqs === undefined) entry.handled(run.header.first, run.last);
      else for (const seq of run.seqs) entry.handled(seq, seq);
      return;
    }
    if (waits > 1) entry.expect(new Uint16Array(run.count).fill(waits));
    for (const { site } of route.sites) this.forward(site, run, entry, arrival);
    for (const group of route.groups) this.parts.groups.add(group, run, entry, arrivalAt(arrival));
    acceptAll(run, entry, matched);
  }

  private forward(site: Site, run: Run, entry: Entry, { cell, nowMs }: Arrival): void {
    this.parts.forward(site, run, nowMs, () => entry.settled(run, 0, run.count));
    this.pace(cell, site, nowMs);
  }

  private pace(cell: CellRecord | undefined, reader: Pacer, nowMs: number): void {
    if (cell === undefined || cell.pace !== undefined || !reader.isAhead(nowMs)) return;
    this.parts.counters.add("sendersPaced");
    cell.pace = { reader, untilMs: nowMs + paceMs };
  }

  /** Events part: each target gets a slice of those that match it. */
  private placeEach(run: Run, entry: Entry, arrival: Arrival): void {
    const plan = new Plan(run.count);
    for (let index = 0; index < run.count; index++) {
      this.placeOne(run, entry, { index, plan, arrival });
    }
    for (const [stream, indexes] of plan.streams) {
      this.publish(stream, this.slice(run, indexes), arrival);
    }
    entry.expect(plan.waitCounts);
    for (const index of plan.unmatched) entry.handled(run.seqAt(index), run.seqAt(index));
    for (const [site, indexes] of plan.sites) {
      this.forward(site, this.slice(run, indexes), entry, arrival);
    }
    for (const [group, indexes] of plan.groups) {
      this.parts.groups.add(group, this.slice(run, indexes), entry, arrivalAt(arrival));
    }
    for (const [index, matched] of plan.matched) {
      const seq = run.seqAt(index);
      entry.accepted(seq, seq, matched);
    }
    this.repeats.note(run, entry, plan, arrival);
  }

  private publish(stream: Stream, run: Run, { cell, nowMs }: Arrival): void {
    this.parts.streams.publish(stream, run, this.parts.effects());
    this.pace(cell, stream, nowMs);
  }

  private placeOne(run: Run, entry: Entry, step: Step): void {
    const { index, plan, arrival } = step;
    const extras = run.extrasAt(index);
    const seq = run.seqAt(index);
    const channel = run.channelAt(index);
    if (arrival.cell !== undefined && isSystemChannel(channel)) {
      if (extras?.ask === undefined) {
        entry.refused(seq, "DENIED", "channels starting with $ are reserved");
        this.parts.counters.add("eventsDenied");
        plan.unmatched.push(index);
        return;
      }
      plan.toNobody(index);
      entry.quiet(seq);
      if (!this.parts.asks.open(arrival.cell, run, index, arrival)) return;
      this.parts.onSystemRequest(arrival.cell, run, index, arrival.nowMs);
      return;
    }
    const id = extras?.id;
    if (id !== undefined && this.repeats.isRepeat(id, run, entry, step)) return;
    this.route(run, entry, step, channel);
  }

  private route(run: Run, entry: Entry, { index, plan, arrival }: Step, channel: string): void {
    const route = this.parts.routes.resolve(channel);
    const { ask, id } = run.extrasAt(index) ?? {};
    const seq = run.seqAt(index);
    const groups = ask?.gather === true || run.isHandled(seq) ? [] : route.groups;
    const matched = matchedBy(route) - route.groups.length + groups.length;
    if (matched === 0) this.parts.counters.add("eventsUnmatched");
    plan.matched.set(index, matched);
    const isAsk = ask !== undefined && arrival.cell !== undefined;
    const isUnheard = isAsk && ask.gather !== true && route.groups.length === 0;
    if (isAsk) {
      entry.quiet(seq);
      if (!this.parts.asks.open(arrival.cell, run, index, arrival)) {
        plan.toNobody(index);
        return;
      }
      if (ask.gather === true) {
        const sites = route.sites.filter(({ site }) => !site.isBuried).map(({ site }) => site.id);
        this.parts.asks.expect(run.header.sender, seq, listenersOf(route), sites);
      } else if (isUnheard) this.parts.asks.unheard(run.header.sender, seq);
    }
    if (id !== undefined && !isUnheard) plan.firsts.set(id, { index, groupCount: groups.length });
    for (const stream of route.streams) plan.toStream(stream, index);
    for (const { site } of route.sites) plan.toSite(site, index);
    for (const group of groups) plan.toGroup(group, index);
    if (groups.length + route.sites.length === 0) plan.unmatched.push(index);
  }

  private slice(run: Run, indexes: readonly number[]): Run {
    if (indexes.length === run.count) return run;
    this.parts.counters.add("runsSliced");
    return readRun(sliceRun(run, indexes, slicePrefix), slicePrefix.length);
  }
}
