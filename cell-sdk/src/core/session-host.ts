import type { FieldMap, MeshError } from "@thynapse/protocol";
import type { Emit, Line } from "./effects.js";
import type { SessionHistory } from "./session-history.js";
import type { Welcome } from "./wire.js";

/** What a session needs of its cell. */
export interface SessionHost {
  readonly emit: Emit;
  readonly line: Line;
  readonly history: SessionHistory;
  readonly connectTimeoutMs: number;
  /**
   * Who the cell is and what it claims: the fields of `HELO` besides `v`, `session` and `secret`.
   */
  hello(): FieldMap;
  /** Attached. `same`: to the very transmitter, and start of it, that it was attached to before. */
  welcomed(welcome: Welcome, same: boolean): void;
  /** No longer attached. */
  detached(): void;
  /** [catch, last] of each stream, for a heartbeat. */
  streams(): readonly (readonly [number, number])[];
  /** It cannot go on: refused for good, or no transmitter answers. */
  failed(error: MeshError): void;
}
