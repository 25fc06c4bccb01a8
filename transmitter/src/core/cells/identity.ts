import { constantTimeEqual, type Hello, MeshError, type Thid } from "@thynapse/protocol";
import type { CellRecord } from "./cells.js";

/** What is known of an id that a `HELO` names. */
export interface KnownIdentity {
  /** The transmitter's own. */
  readonly own: Thid;
  /** The cell of that id that is attached here. */
  readonly former: CellRecord | undefined;
  /** The highest session of one that is attached to another living transmitter; 0 if none is. */
  readonly sessionElsewhere: number;
}

/**
 * Checks that whoever says hello is the cell that has this id, or the first one that has it: here
 * it shows the resume secret; what is attached elsewhere it leaves by a higher session.
 *
 * @throws {MeshError} `ID_TAKEN`
 * @see PROTOCOL.md §2.5, §2.6
 */
export function checkIdentity(hello: Hello, known: KnownIdentity): void {
  if (hello.id === known.own) throw taken("draw a random id");
  if (known.former === undefined) {
    if (hello.session > known.sessionElsewhere) return;
    throw taken("draw a random id, or say a session above those of earlier attachments");
  }
  const { secret } = hello;
  if (secret !== undefined && constantTimeEqual(secret, known.former.secret)) return;
  throw taken("draw a random id, or send the resume secret of the welcome");
}

function taken(hint: string): MeshError {
  return new MeshError("ID_TAKEN", "another connection has this id", { hint });
}
