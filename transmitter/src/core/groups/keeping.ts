import type { CellRecord } from "../cells/cells.js";
import type { Deadlines } from "../deadlines.js";
import type { CoreLimits } from "../effects.js";
import type { Group } from "./group.js";
import type { Groups } from "./groups.js";
import type { Sites } from "../sites/sites.js";
import type { Stream, Streams } from "../streams/streams.js";

/** What keeping needs of the transmitter around it. */
export interface KeepingParts {
  readonly limits: CoreLimits;
  readonly deadlines: Deadlines;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly sites: Sites;
}

/** What lives on for a while after its last cell: streams and groups. @see §8.7, §10.8 */
export class Keeping {
  private readonly parts: KeepingParts;

  constructor(parts: KeepingParts) {
    this.parts = parts;
  }

  /** A cell listens to a stream no longer. */
  unlisten(stream: Stream, cell: CellRecord, nowMs: number): void {
    stream.listeners.delete(cell);
    this.parts.sites.announcing.stream(stream);
    if (stream.listeners.size > 0) return;
    const endMs = nowMs + this.parts.limits.streamKeepMs;
    stream.endsMs = endMs;
    this.parts.deadlines.at(endMs, () => {
      if (stream.listeners.size > 0 || stream.endsMs !== endMs) return;
      this.parts.streams.close(stream);
      this.parts.sites.announcing.stream(stream);
    });
  }

  /**
   * A cell of a group was lost: after the last one of this transmitter it lives on for
   * `groupKeepMs`. Cells elsewhere do not count: the last ones of two transmitters may be lost at
   * the same time.
   */
  keep(group: Group, nowMs: number): void {
    if (group.members.size > 0) this.parts.sites.announce(group);
    else this.parts.sites.announcing.keep(group, nowMs);
  }
}
