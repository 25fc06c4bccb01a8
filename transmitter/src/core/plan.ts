import type { Group } from "./group.js";
import type { Stream } from "./streams.js";

/** Which events of a run go where, while it is worked out. */
export class Plan {
  readonly streams = new Map<Stream, number[]>();
  readonly groups = new Map<Group, number[]>();
  readonly groupCounts: Uint16Array;
  /** How much each event matched, by index; none for what was known already. */
  readonly matched = new Map<number, number>();
  /** Events that no group has to settle. */
  readonly unmatched: number[] = [];

  constructor(count: number) {
    this.groupCounts = new Uint16Array(count);
  }

  toStream(stream: Stream, index: number): void {
    const indexes = this.streams.get(stream);
    if (indexes === undefined) this.streams.set(stream, [index]);
    else indexes.push(index);
  }

  toGroup(group: Group, index: number): void {
    const indexes = this.groups.get(group);
    if (indexes === undefined) this.groups.set(group, [index]);
    else indexes.push(index);
    this.groupCounts[index] = (this.groupCounts[index] as number) + 1;
  }
}
