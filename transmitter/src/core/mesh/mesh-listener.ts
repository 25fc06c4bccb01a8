import type { Thid } from "@thynapse/protocol";
import type { Member } from "./members.js";
import type { MemberState } from "./member-state.js";
import type { Change } from "./mesh-record.js";

/** What a transmitter is told of others. */
export interface MeshListener {
  /** A transmitter lives, dies, leaves, or is heard of. */
  member(member: Member, before: MemberState | undefined, nowMs: number): void;
  /** The way to a transmitter is open, for the first time or again. */
  linked(id: Thid, nowMs: number): void;
  /** A value of another transmitter was set, or with `undefined` deleted. */
  changed(id: Thid, change: Change, nowMs: number): void;
  /** A transmitter has started again: all that it had set is gone. */
  renewed(id: Thid, incarnation: number, nowMs: number): void;
  /** A word of the routing came: in order, once. @throws {MeshError} to refuse it. */
  word(from: Thid, part: Buffer, nowMs: number): void;
  /** What was sent to a transmitter, or what it sent, may be lost from here on. */
  begunAnew(id: Thid, nowMs: number): void;
  /** One that is gone had confirmed events without us, nobody knows how many. */
  livedOn(id: Thid): void;
  /** One that was dead for long, or has left, is not known any more. */
  forgotten(id: Thid): void;
}

/** Hears nothing: until somebody listens. */
export const deaf: MeshListener = Object.freeze({
  member: () => undefined,
  changed: () => undefined,
  renewed: () => undefined,
  linked: () => undefined,
  word: () => undefined,
  begunAnew: () => undefined,
  livedOn: () => undefined,
  forgotten: () => undefined,
});
