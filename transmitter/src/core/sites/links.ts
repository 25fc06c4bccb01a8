import type { Thid } from "@thynapse/protocol";
import type { Room } from "../mesh/mesh-record.js";

/** What routing needs of the mesh: links to other transmitters, and our own record. */
export interface Links {
  /**
   * Sends a part to a transmitter, in order. `done` is told when it was taken, or with false when
   * it never will be. @throws {MeshError} `NOT_FOUND` without a link
   */
  send(id: Thid, part: Buffer, nowMs: number, done?: (isTaken: boolean) => void): void;
  isLinked(id: Thid): boolean;
  unackedBytes(id: Thid): number;
  /** The address of its command socket; `undefined` while it is not known. */
  commandOf(id: Thid): string | undefined;
  /** When this transmitter became a member of its mesh, in ms. */
  joinedMs(): number;
  /** Transmitters that live and are linked with this one. */
  linkedPeers(): readonly Thid[];
  /**
   * The highest number of an attachment of this cell that another transmitter which is alive tells
   * of; 0 if there is none.
   */
  attachedSession(cell: Thid): number;
  /** Whether this transmitter was away, and has not yet heard what became of that. */
  wasAway(nowMs: number): boolean;
  /** Whether our own record has so much room in this part of it, 0 … 1. */
  hasRoom(room: Room, part: number): boolean;
  /**
   * Sets a value of our own record; `undefined` deletes it. @throws {MeshError} `TOO_LARGE` past
   * the bounds of a record; nothing has changed then.
   */
  set(key: string, value: unknown): void;
  /** Calls `then` when every live transmitter knows our record as it is now. */
  whenKnown(then: () => void, nowMs: number): void;
}

/** A transmitter that has not joined a mesh: it knows nobody, and everybody knows it. */
export const noLinks: Links = Object.freeze({
  send: () => {},
  isLinked: () => false,
  unackedBytes: () => 0,
  commandOf: () => undefined,
  joinedMs: () => Number.POSITIVE_INFINITY,
  linkedPeers: () => [],
  attachedSession: () => 0,
  wasAway: () => false,
  hasRoom: () => true,
  set: () => {},
  whenKnown: (then: () => void) => then(),
});

/** The same links, with a way to ourselves that takes a word at once. */
export function loopedLinks(
  links: Links,
  self: Thid,
  take: (from: Thid, part: Buffer, nowMs: number) => void,
): Links {
  return {
    isLinked: (id) => id === self || links.isLinked(id),
    send: (id, part, nowMs, done) => {
      if (id !== self) {
        links.send(id, part, nowMs, done);
        return;
      }
      take(id, part, nowMs);
      done?.(true);
    },
    unackedBytes: (id) => links.unackedBytes(id),
    commandOf: (id) => links.commandOf(id),
    joinedMs: () => links.joinedMs(),
    linkedPeers: () => links.linkedPeers(),
    attachedSession: (cell) => links.attachedSession(cell),
    wasAway: (nowMs) => links.wasAway(nowMs),
    hasRoom: (room, part) => links.hasRoom(room, part),
    set: (key, value) => links.set(key, value),
    whenKnown: (then, nowMs) => links.whenKnown(then, nowMs),
  };
}
