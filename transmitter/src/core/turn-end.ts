import { type MeshError, toMeshError } from "@thynapse/protocol";
import type { Asks } from "./events/asks.js";
import type { Telling } from "./events/telling.js";
import type { Effect } from "./effects.js";
import type { Groups } from "./groups/groups.js";
import type { MeshSeat } from "./mesh/mesh-seat.js";
import type { Sites } from "./sites/sites.js";
import type { Streams } from "./streams/streams.js";

/** Whose work the end of a turn is. */
export interface TurnEndParts {
  readonly seat: MeshSeat;
  readonly sites: Sites;
  readonly groups: Groups;
  readonly asks: Asks;
  readonly telling: Telling;
  readonly streams: Streams;
  readonly effects: () => Effect[];
  readonly onInternal: (error: MeshError) => void;
}

/**
 * Ends turns: lets each part of a transmitter tell what the turn has brought, in this order. A step
 * that throws is a defect and is reported; the others are not kept from theirs.
 */
export class TurnEnd {
  private readonly steps: readonly ((nowMs: number) => void)[];
  private readonly onInternal: (error: MeshError) => void;

  constructor({ seat, sites, groups, asks, telling, streams, effects, onInternal }: TurnEndParts) {
    this.onInternal = onInternal;
    this.steps = [
      () => seat.cutOff(),
      (nowMs) => sites.passBack(nowMs),
      (nowMs) => groups.flush(nowMs),
      (nowMs) => sites.announcing.flush(nowMs),
      (nowMs) => sites.adopting.flush(nowMs),
      (nowMs) => sites.tellOthers(nowMs),
      () => asks.flush(),
      (nowMs) => telling.flush(nowMs),
      () => streams.flushMarks(effects()),
      () => seat.flush(),
    ];
  }

  /** Ends one turn. */
  run(nowMs: number): void {
    for (const step of this.steps) {
      try {
        step(nowMs);
      } catch (thrown) {
        this.onInternal(toMeshError(thrown));
      }
    }
  }
}
