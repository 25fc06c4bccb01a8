import { readRun, type Run, sliceRun } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Effect } from "../effects.js";
import type { Route, RouteTable } from "../events/route.js";
import type { Stream, Streams } from "../streams/streams.js";

/** What taking runs needs of the transmitter around it. */
export interface TakingRunsParts {
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly counters: Counters;
  readonly effects: () => Effect[];
}

const slicePrefix = Buffer.from("M EVNT ", "latin1");

/** Runs that entered at another transmitter: for our streams alone. @see PROTOCOL.md §18.3 */
export class TakingRuns {
  private readonly parts: TakingRunsParts;

  constructor(parts: TakingRunsParts) {
    this.parts = parts;
  }

  /**
   * Publishes a run. @returns the streams whose readers lag behind. Hot path: guarded by the bench
   * `link-one-to-one-128`.
   */
  take(run: Run, nowMs: number): readonly Stream[] {
    const { channels } = run.header;
    const route = this.parts.routes.resolve(channels.at(0));
    let isUniform = true;
    for (let at = 1; at < channels.length; at++) {
      isUniform = isUniform && this.parts.routes.resolve(channels.at(at)) === route;
    }
    return isUniform ? this.publishWhole(route, run, nowMs) : this.publishEach(run, nowMs);
  }

  private publishWhole(route: Route, run: Run, nowMs: number): readonly Stream[] {
    for (const stream of route.streams) this.publish(stream, run);
    return route.streams.filter((stream) => stream.isAhead(nowMs));
  }

  private publishEach(run: Run, nowMs: number): readonly Stream[] {
    const indexes = new Map<Stream, number[]>();
    for (let index = 0; index < run.count; index++) {
      for (const stream of this.parts.routes.resolve(run.channelAt(index)).streams) {
        const known = indexes.get(stream);
        if (known === undefined) indexes.set(stream, [index]);
        else known.push(index);
      }
    }
    for (const [stream, some] of indexes) {
      const part =
        some.length === run.count
          ? run
          : readRun(sliceRun(run, some, slicePrefix), slicePrefix.length);
      this.publish(stream, part);
    }
    return [...indexes.keys()].filter((stream) => stream.isAhead(nowMs));
  }

  private publish(stream: Stream, run: Run): void {
    this.parts.streams.publish(stream, run, this.parts.effects());
  }
}
