/**
 * Where the cause of an error lies: in the call that was made (`local`), in the answer of the other
 * side (`remote`), or between the two (`network`).
 */
export type Fault = "local" | "remote" | "network";

/** One row of the closed table of error codes. */
export interface ErrorCodeRow {
  readonly fault: Fault;
  /** Whether the same call, made again later and unchanged, may succeed. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const row = (fault: Fault, retryable: boolean, meaning: string): ErrorCodeRow =>
  Object.freeze({ fault, retryable, meaning });

/**
 * The closed table of error codes: what every refusal, on the wire or thrown, is named by.
 *
 * A code never changes its meaning; a new one is a change of the protocol.
 *
 * @see PROTOCOL.md, the table of error codes, which has the same rows.
 */
export const errorCodes = Object.freeze({
  BAD_FRAME: row("local", false, "the part is not '<encoding> <command> <payload>'"),
  BAD_ENCODING: row("local", false, "the encoding is neither J nor M"),
  BAD_COMMAND: row("local", false, "the command is unknown, or not for this side to send"),
  BAD_PAYLOAD: row("local", false, "the payload cannot be read, or a field of it is wrong"),
  BAD_ID: row("local", false, "an id is not 40 hex characters"),
  BAD_SERVICE: row("local", false, "a service name breaks the grammar"),
  BAD_CHANNEL: row("local", false, "a channel breaks the grammar"),
  BAD_PATTERN: row("local", false, "a pattern breaks the grammar"),
  BAD_MODE: row("local", false, "a catch is neither multi nor any"),
  BAD_TTL: row("local", false, "a time to live is not a number of milliseconds in range"),
  BAD_OPTION: row("local", false, "an option is unknown, of the wrong type or out of range"),
  BAD_CREDIT: row("local", false, "a credit is not a whole number in range"),
  BAD_RUN: row("local", false, "the header or an event of a run is wrong"),
  TOO_LARGE: row("local", false, "something is longer than its limit"),
  TOO_DEEP: row("local", false, "a value is nested deeper than the limit"),
  TOO_MANY_KEYS: row("local", false, "a value has more keys than the limit"),
  TOO_MANY_CATCHES: row("local", false, "the cell has as many catches as it may have"),
  UNKNOWN_CATCH: row("local", false, "no catch has that reference"),
  CATCH_EXISTS: row("local", false, "the cell already has an anycatch of that pattern"),
  UNKNOWN_DELIVERY: row("local", false, "no delivery of that name is held"),
  STALE_ATTEMPT: row("remote", false, "the delivery was taken back and given to another attempt"),
  NOT_WELCOME: row("local", true, "the connection has said no HELO, or has said farewell"),
  ID_TAKEN: row(
    "remote",
    true,
    "another cell has that id: the resume secret is missing, or the session is not higher",
  ),
  BAD_VERSION: row("local", false, "the protocol version is not among those spoken"),
  DENIED: row("local", false, "the identity has no right to this"),
  BUSY: row("remote", true, "the other side holds as much as it may; wait, then send again"),
  GROUP_FULL: row("remote", true, "the backlog of a group is full; the event was refused there"),
  OUTBOX_FULL: row("local", true, "the outbox holds as much as it may"),
  MUTED: row("remote", true, "too many errors; the transmitter ignores this cell for a while"),
  TIMEOUT: row("network", true, "no answer came in time"),
  NO_LISTENER: row("remote", true, "nobody catches the channel of the request"),
  HANDLER_FAILED: row("remote", false, "the handler of a request threw"),
  REJECTED: row("remote", false, "a handler rejected the event for good"),
  EXPIRED: row("remote", false, "the event was older than its time to live"),
  CLOSED: row("local", false, "the cell or transmitter was closed"),
  DISCONNECTED: row("network", true, "the connection to the transmitter was lost"),
  DRAINING: row("remote", true, "the transmitter is shutting down; use the one it names"),
  ABORTED: row("local", false, "the caller gave up by its abort signal"),
  UNREACHABLE: row("network", true, "no transmitter answers at the address"),
  ADDRESS_IN_USE: row("local", true, "another process has bound the address"),
  STREAM_GONE: row("remote", false, "the stream ended, or what was asked of it is no longer kept"),
  RESTARTED: row("remote", true, "a streamed reply began again under a higher attempt"),
  UNKNOWN_REQUEST: row("local", false, "the system request is not in the table of those answered"),
  MESH_MISMATCH: row("local", false, "the other transmitter belongs to a mesh of another name"),
  NOT_FOUND: row("remote", false, "what was asked for does not exist"),
  INTERNAL: row("local", false, "a defect of this program; the cause says more"),
} satisfies Record<string, ErrorCodeRow>);

/** A code of the closed table. */
export type ErrorCode = keyof typeof errorCodes;

/** Tells whether a value from elsewhere is a code of the table (own rows only). */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}

/** What a `MeshError` may carry besides its code and message. */
export interface MeshErrorDetails {
  readonly cause?: unknown;
  /** How to write it right, in a few words. */
  readonly hint?: string | undefined;
  /** Overrides the fault of the code's row, where the same code can come from either side. */
  readonly fault?: Fault | undefined;
}

/**
 * The one error of the mesh: everything that is refused, thrown or rejected is a `MeshError`.
 *
 * `message` begins with the code, so that a log line without the object is still searchable.
 */
export class MeshError extends Error {
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly retryable: boolean;
  /** How to write it right; absent where nobody has given one. */
  declare readonly hint?: string;

  constructor(code: ErrorCode, message: string, details: MeshErrorDetails = {}) {
    super(
      `${code}: ${message}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = "MeshError";
    this.code = code;
    this.fault = details.fault ?? errorCodes[code].fault;
    this.retryable = errorCodes[code].retryable;
    if (details.hint !== undefined) this.hint = details.hint;
  }

  /** The message without its code: what travels in an error command beside the code. */
  get reason(): string {
    return this.message.slice(this.code.length + 2);
  }
}

/** Returns a thrown `MeshError` as it is; wraps anything else as `INTERNAL`, with its cause. */
export function toMeshError(thrown: unknown): MeshError {
  if (thrown instanceof MeshError) return thrown;
  const text = thrown instanceof Error ? thrown.message : describeThrown(thrown);
  return new MeshError("INTERNAL", text, { cause: thrown });
}

function describeThrown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    // An object without a usable toString can be thrown too.
    return `a thrown ${typeof thrown}`;
  }
}
