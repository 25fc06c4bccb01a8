import type { Thid } from "@thynapse/protocol";
import type { LinkCounts } from "./link-parts.js";
import type { Peer } from "./peers.js";

/** What there is to say of a link. @see PROTOCOL.md §14, $mesh.links */
export interface LinkView extends Readonly<LinkCounts> {
  readonly peer: Thid;
  readonly state: "up" | "cut";
  /** Frames and bytes that wait for their ack. */
  readonly unacked: number;
  readonly unackedBytes: number;
  /** How long the last part took there, and its ack back, in ms; `undefined` before the first. */
  readonly rttMs: number | undefined;
}

/** Looks at the link to a peer. */
export function viewOf({ hello, link, isUp }: Peer): LinkView {
  const { unacked, unackedBytes, counts, roundTrip } = link;
  const { lastMs } = roundTrip;
  const rttMs = lastMs === undefined ? undefined : Math.round(lastMs * 100) / 100;
  return { peer: hello.id, state: isUp ? "up" : "cut", rttMs, unacked, unackedBytes, ...counts };
}
