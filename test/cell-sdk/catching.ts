import type { CaughtEvent } from "../../cell-sdk/src/core/caught-event.js";
import type {
  MulticatchSupply,
  MulticatchWish,
} from "../../cell-sdk/src/core/multicatch-supply.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";

/** What a multicatch of these tests wants. */
export const wish: MulticatchWish = {
  pattern: "a.*",
  concurrency: 1,
  echo: true,
  bufferBytesMax: 1024 * 1024,
  dropOldest: false,
};

/** A cell, one of its multicatches, and who waits for it. */
export interface Catching {
  readonly rig: CoreRig;
  readonly supply: MulticatchSupply;
  readonly waiter: NotedWaiter;
}

/** A cell that has asked for a multicatch. */
export function catching(options: Partial<MulticatchWish> = {}): Catching {
  const rig = CoreRig.welcome();
  const waiter = new NotedWaiter();
  const supply = rig.act((core) => core.multicatch({ ...wish, ...options }, waiter));
  return { rig, supply, waiter };
}

/** A catch that is armed, the next event of the stream being 1. */
export function armed(options: Partial<MulticatchWish> = {}): Catching {
  const made = catching(options);
  made.rig.grant();
  made.rig.mark("s-1", 1);
  return made;
}

/** Takes and finishes all that waits. */
export function takeAll(supply: MulticatchSupply): CaughtEvent[] {
  const events: CaughtEvent[] = [];
  for (let event = supply.take(); event !== undefined; event = supply.take()) {
    events.push(event);
    supply.finished();
  }
  return events;
}

/** Takes and finishes all that waits, for its data. */
export function data(supply: MulticatchSupply): unknown[] {
  return takeAll(supply).map((event) => event.data);
}
