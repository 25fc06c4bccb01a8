import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import type { HeldDelivery } from "../../cell-sdk/src/core/delivery.js";
import { CoreRig, NotedWaiter } from "./core-rig.js";

const anyWish = {
  ...{ pattern: "w", concurrency: 2, credit: 9, redeliver: undefined, affinity: undefined },
  ...{ attemptsMax: undefined, ackTimeoutMs: undefined },
};
/** What another transmitter says in its welcome. */
export const next = { id: "7b".repeat(20), secret: "6".repeat(32), pub: "tcp://two:3" };
/** The name of a first delivery. */
export const work = { catch: 1, origin: "o1", number: 1, attempt: 1, repeat: false };

/** Lines and addresses of all attachments. */
export function attached(rig: CoreRig): string[] {
  return rig.effects.flatMap((effect) =>
    effect.kind === "attach" ? [`${effect.line} ${effect.address}`] : [],
  );
}

/** The home drains; the next one is tried. */
export function drain(rig: CoreRig): void {
  rig.hear("GBYE", { reason: "draining" });
  rig.pass(50);
}

/** Signs of life of every home. */
export function beat(rig: CoreRig): void {
  rig.hear("BEAT", {}, undefined, 0);
  if (rig.core.session.isWelcome && rig.core.home.line === 1) rig.hear("BEAT", {}, undefined, 1);
}

/** Lets the time go on with signs of life of every home. */
export function live(rig: CoreRig, ms: number): void {
  for (let passed = 0; passed < ms; passed += 250) {
    rig.pass(250);
    beat(rig);
  }
}

/** Counts of the gaps that were told. */
export function gaps(rig: CoreRig): unknown[] {
  return rig.statuses.flatMap((status) => (status.kind === "gap" ? [status.count] : []));
}

/** A cell with an anycatch at its first home. */
export interface Working {
  readonly rig: CoreRig;
  readonly supply: Anycatch;
}

/** A cell whose anycatch is granted. */
export function working(): Working {
  const rig = CoreRig.welcome();
  const supply = rig.act((core) => core.anycatch(anyWish, new NotedWaiter()));
  rig.grant();
  return { rig, supply };
}

/** Acks a delivery, and its handler is done. */
export function ack(rig: CoreRig, supply: Anycatch, delivery: HeldDelivery): void {
  rig.act(() => {
    delivery.ack();
    supply.finished(delivery);
  });
}

/** The catch is granted at the new home. */
export function grantAnew(rig: CoreRig, caught = 1): void {
  const { ref, pattern, mode } = rig.last("CTCH", 1).map;
  rig.hear("CGHT", { catch: caught, ref, pattern, mode });
}
