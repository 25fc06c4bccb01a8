import type { Thid } from "@thynapse/protocol";

/**
 * The origin of deliveries that came from another transmitter, as this site knows it.
 *
 * - `live`: it is told what becomes of them.
 * - `orphan`: it is dead. They stay with their cells until another transmitter has taken their
 *   sender over and claims them.
 */
export interface Upstream {
  readonly peer: Thid;
  readonly state: "live" | "orphan";
  /**
   * How the origin that took a delivery over names it, where that is not how its cell knows it: of
   * a span of one delivery.
   */
  readonly renamed: { readonly number: number; readonly attempt: number } | undefined;
}

/** The upstream of what has just come. */
export function newUpstream(peer: Thid): Upstream {
  return { peer, state: "live", renamed: undefined };
}
