import type { FieldMap } from "@thynapse/protocol";

import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import type { AnycatchWish } from "../../cell-sdk/src/core/anycatch-host.js";
import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { CoreRig, type MadeRun, NotedWaiter } from "./core-rig.js";

/** What an anycatch of these tests wants. */
export const wish: AnycatchWish = {
  pattern: "work.*",
  concurrency: 1,
  credit: 100,
  redeliver: undefined,
  affinity: undefined,
  attemptsMax: undefined,
  ackTimeoutMs: undefined,
};

/** A cell and its catch. */
export interface Working {
  readonly rig: CoreRig;
  readonly supply: Anycatch;
}

/** A cell with one anycatch that was granted, as catch 1. */
export function working(options: Partial<AnycatchWish> = {}): Working {
  const rig = CoreRig.welcome();
  const supply = rig.act((core) => core.anycatch({ ...wish, ...options }, new NotedWaiter()));
  rig.grant();
  return { rig, supply };
}

/** The transmitter delivers a run, to catch 1 unless it says otherwise. */
export function deliver(rig: CoreRig, fields: FieldMap, run: MadeRun): void {
  const name = { catch: 1, origin: "o1", number: 1, attempt: 1, repeat: false, ...fields };
  rig.hear("DLVR", name, run);
}

/** Takes the next delivery; fails if there is none. */
export function take(supply: Anycatch): HeldDelivery {
  const delivery = supply.take();
  if (delivery === undefined) throw new Error("nothing to take");
  return delivery;
}

/** Takes the next delivery and acks it. */
export function ack(supply: Anycatch, result?: unknown): HeldDelivery {
  const delivery = take(supply);
  delivery.ack(result);
  supply.finished(delivery);
  return delivery;
}

/** The rows of all `SETL` so far. */
export function settled(rig: CoreRig): unknown[] {
  return rig.all("SETL").flatMap(({ map }) => map["settled"]);
}
