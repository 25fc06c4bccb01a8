import type { Thid } from "@thynapse/protocol";
import type { DetectorLimits } from "./detector.js";
import type { Member } from "./members.js";
import type { MemberState } from "./member-state.js";

/** When somebody is suspect, dead and forgotten. */
export interface MembersLimits extends DetectorLimits {
  /** Time that a peer has to connect again when its connection is lost, in ms. */
  readonly cutMs: number;
  /** Time after which the dead are forgotten, in ms. */
  readonly forgetMs: number;
}

/** What is told of members. */
export interface MembersHandlers {
  changed(member: Member, before: MemberState | undefined): void;
  /** A dead one is forgotten: what is kept of it may go. */
  forgotten(id: Thid): void;
  /**
   * One that is gone had lived on without us: what it confirmed meanwhile did not come here, and
   * nobody knows how much that was.
   */
  livedOn(id: Thid): void;
  /** Whether we were away ourselves, and others may have held us for dead. */
  wasAway(nowMs: number): boolean;
}
