import type { CatchMode, ErrorCode, MeshError, Thid } from "@thynapse/protocol";

/** A transmitter that was asked for, and has not answered yet. */
export interface ConnectingStatus {
  readonly kind: "connecting";
  /** The command address that is tried. */
  readonly address: string;
}

/** A transmitter took the cell in. Ends with `reconnecting`, `draining` or `closed`. */
export interface WelcomeStatus {
  readonly kind: "welcome";
  readonly address: string;
  readonly transmitter: Thid;
  readonly mesh: string;
  /** Attachments of this cell so far, this one included. */
  readonly session: number;
}

/** A catch misses nothing that is sent from now on. Comes again after each new attachment. */
export interface ArmedStatus {
  readonly kind: "armed";
  readonly pattern: string;
  readonly mode: CatchMode;
}

/** Nothing was heard of the transmitter for 1 s; after 2 s the cell attaches anew. */
export interface SuspectStatus {
  readonly kind: "suspect";
  readonly silentMs: number;
}

/** The attachment was lost; another one is tried after `delayMs`. */
export interface ReconnectingStatus {
  readonly kind: "reconnecting";
  readonly reason: string;
  readonly delayMs: number;
}

/** Events of a multicatch are lost for this cell. */
export interface GapStatus {
  readonly kind: "gap";
  readonly pattern: string;
  /** How many; `undefined` where nobody knows, after the loss of a transmitter. */
  readonly count: number | undefined;
}

/** A multicatch is behind: its buffer is full, and what comes now is fetched again later. */
export interface SlowStatus {
  readonly kind: "slow";
  readonly pattern: string;
  /** Bytes that wait for the handler. */
  readonly bufferedBytes: number;
}

/** Events were refused and nobody was waiting for their receipts. */
export interface RefusedStatus {
  readonly kind: "refused";
  readonly first: number;
  readonly last: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Something that the cell survived and somebody should know. */
export interface WarningStatus {
  readonly kind: "warning";
  readonly message: string;
  readonly code?: ErrorCode;
  readonly pattern?: string;
  readonly cause?: unknown;
}

/** The cell takes no more work and settles what it has, or its transmitter asks it to move. */
export interface DrainingStatus {
  readonly kind: "draining";
  readonly by: "cell" | "transmitter";
}

/** The last status: the cell has ended. */
export interface ClosedStatus {
  readonly kind: "closed";
  /** Events that nobody has confirmed as handled. */
  readonly unconfirmed: number;
  /** Why, if it was not the cell itself that closed. */
  readonly error?: MeshError;
}

/** What a cell tells about itself. */
export type CellStatus =
  | ConnectingStatus
  | WelcomeStatus
  | ArmedStatus
  | SuspectStatus
  | ReconnectingStatus
  | GapStatus
  | SlowStatus
  | RefusedStatus
  | WarningStatus
  | DrainingStatus
  | ClosedStatus;
