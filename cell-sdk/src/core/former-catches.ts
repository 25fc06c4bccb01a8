import type { Anycatch } from "./anycatch.js";
import type { CatchTable } from "./catch-table.js";
import type { FormerStream } from "./former-stream.js";
import type { Multicatch } from "./multicatch.js";

/**
 * The catches of a cell at the home that it leaves: streams that are read to their end, and
 * deliveries that are settled there.
 *
 * @see PROTOCOL.md §9.6
 */
export class FormerCatches {
  readonly table: CatchTable;
  private readonly anycatches: readonly Anycatch[];
  private readonly streams = new Set<FormerStream>();

  constructor(table: CatchTable, anycatches: readonly Anycatch[]) {
    this.table = table;
    this.anycatches = anycatches;
  }

  /** Deliveries of it that are not settled. */
  get heldCount(): number {
    return this.anycatches.reduce((held, anycatch) => held + anycatch.heldAtFormer, 0);
  }

  /** Whether nothing is awaited of it any more. */
  get isDone(): boolean {
    return [...this.streams].every(({ isEnded }) => isEnded) && this.heldCount === 0;
  }

  /** [catch, last] of each stream, for a heartbeat. */
  streamsRead(): [number, number][] {
    const read: [number, number][] = [];
    for (const { catchNumber, last } of this.streams) {
      if (catchNumber !== undefined && last > 0) read.push([catchNumber, last]);
    }
    return read;
  }

  take(multicatch: Multicatch): void {
    const stream = multicatch.split();
    this.table.replace(multicatch, stream);
    if (stream !== undefined) this.streams.add(stream);
  }

  /** Asks for the catch of a stream again. */
  prove(stream: FormerStream): void {
    stream.proving();
    this.table.ask(stream, { mode: "multi", pattern: stream.pattern });
  }

  /** The home is left, or gone: streams that were not read to their end have a gap. */
  end(nowMs: number): void {
    for (const stream of this.streams) stream.end(false);
    for (const anycatch of this.anycatches) anycatch.forgetFormer(nowMs);
    this.table.clear();
  }
}
