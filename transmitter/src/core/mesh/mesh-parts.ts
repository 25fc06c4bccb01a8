import type { MeshError, Thid } from "@thynapse/protocol";
import type { DirectoryHandlers } from "./directory.js";
import type { LinkHello, Prove } from "./hello.js";
import type { LinkLimits } from "./link.js";
import type { Member } from "./members.js";
import type { MemberState } from "./member-state.js";
import type { MembersLimits } from "./members-parts.js";
import type { PeeringActions } from "./peering-parts.js";

/** The bounds of a mesh. */
export interface MeshLimits extends LinkLimits, MembersLimits {
  /** Time after which a start goes on without everybody whom it should be linked with, in ms. */
  readonly joinTimeoutMs: number;
}

/** What a mesh tells the transmitter around it. */
export interface MeshHandlers extends DirectoryHandlers {
  /** A member lives, dies, leaves, or is heard of. */
  member(member: Member, before: MemberState | undefined): void;
  /** The way to a member is open, for the first time or again. */
  linked(id: Thid): void;
  /** A part of a member that is a word of the routing. @throws {MeshError} to refuse it. */
  word(from: Thid, part: Buffer, nowMs: number): void;
  /** The way to a peer is cut; what it is sent waits. */
  cut(id: Thid): void;
  /** What a member sent before, or what it was sent, may be lost. */
  begunAnew(id: Thid): void;
  /**
   * This start is linked both ways with every member that its seeds know to live; `isDegraded` if
   * it has given up waiting for that. Once.
   */
  joined(isDegraded: boolean): void;
  /** One that is gone had confirmed events without us, nobody knows how many. */
  livedOn(id: Thid): void;
  /** One that was dead for long, or has left, is not known any more. */
  forgotten(id: Thid): void;
  /** This transmitter was away for so long; others may have held it for dead. @see Mesh.wasAway */
  away(ms: number): void;
  /** Another transmitter has our id, and has run for longer: this one is to end. */
  twin(other: LinkHello): void;
  /** Something was refused, and counted. */
  refused(error: MeshError): void;
}

/** What a mesh is made of besides its own hello. */
export interface MeshParts {
  readonly prove: Prove;
  readonly limits: MeshLimits;
  readonly actions: PeeringActions;
  readonly handlers: MeshHandlers;
}

/** Members that are known at most, the dead of the last minutes included. */
export const membersMax = 4096;
