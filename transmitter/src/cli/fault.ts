import { type ErrorCode, isErrorCode, MeshError } from "@thynapse/protocol";
import { printable } from "./printable.js";

/**
 * What the process ends with; the same numbers for every verb, so that scripts can rely on them.
 */
export const exitCode = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  /** Timed out, or fewer events came than `-n` asked for. */
  timedOut: 3,
  noListener: 4,
  refused: 5,
  unreachable: 69,
  /** A file cannot be created or read. */
  file: 73,
  /** Locked, or an address is in use. */
  busy: 75,
  permission: 77,
  interrupted: 130,
  terminated: 143,
});

/** One of the values of `exitCode`. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/**
 * How a verb ends that cannot do what it was asked: one line for a reader, one number for a script.
 */
export class CliFault extends Error {
  readonly exit: ExitCode;
  /** How to put it right, if that can be said. */
  readonly fix: string | undefined;

  constructor(
    exit: ExitCode,
    what: string,
    details: { readonly fix?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(what, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "CliFault";
    this.exit = exit;
    this.fix = details.fix;
  }
}

/** Makes the fault of a command line, variable or config file that cannot be understood. */
export function usageFault(what: string, fix?: string): CliFault {
  return new CliFault(exitCode.usage, what, { fix });
}

/** Which code of the mesh ends the process with what; all others with 1. */
const exitCodeOf: Partial<Record<ErrorCode, ExitCode>> = {
  ABORTED: exitCode.interrupted,
  ADDRESS_IN_USE: exitCode.busy,
  BAD_CHANNEL: exitCode.usage,
  BAD_OPTION: exitCode.usage,
  BAD_PATTERN: exitCode.usage,
  BAD_VERSION: exitCode.refused,
  BUSY: exitCode.refused,
  DENIED: exitCode.refused,
  DISCONNECTED: exitCode.unreachable,
  DRAINING: exitCode.refused,
  EXPIRED: exitCode.refused,
  GROUP_FULL: exitCode.refused,
  ID_TAKEN: exitCode.refused,
  MESH_MISMATCH: exitCode.refused,
  MUTED: exitCode.refused,
  NO_LISTENER: exitCode.noListener,
  OUTBOX_FULL: exitCode.refused,
  REJECTED: exitCode.refused,
  TIMEOUT: exitCode.timedOut,
  UNREACHABLE: exitCode.unreachable,
};

/** What the system refuses by these codes is a matter of files, rights or addresses. */
const exitCodeOfSystem: Readonly<Record<string, ExitCode>> = {
  EACCES: exitCode.permission,
  EPERM: exitCode.permission,
  EADDRINUSE: exitCode.busy,
  ENOENT: exitCode.file,
  EISDIR: exitCode.file,
  ENOTDIR: exitCode.file,
  ENOSPC: exitCode.file,
  EROFS: exitCode.file,
};

/** Turns whatever was thrown into the fault that is shown. */
export function faultOf(thrown: unknown): CliFault {
  if (thrown instanceof CliFault) return thrown;
  if (isMeshError(thrown)) {
    const exit = exitCodeOf[thrown.code] ?? exitCode.failed;
    return new CliFault(exit, thrown.message, { fix: thrown.hint, cause: thrown });
  }
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new CliFault(systemExit(cause) ?? exitCode.failed, cause.message, { cause });
}

/** What the process ends with for an error of the system; `undefined` for any other. */
export function systemExit(thrown: unknown): ExitCode | undefined {
  const { code } = (thrown ?? {}) as NodeJS.ErrnoException;
  return code !== undefined && Object.hasOwn(exitCodeOfSystem, code)
    ? exitCodeOfSystem[code]
    : undefined;
}

/** Tells whether it is the error of the mesh, also of a second copy of the protocol's package. */
export function isMeshError(thrown: unknown): thrown is MeshError {
  if (thrown instanceof MeshError) return true;
  return (
    thrown instanceof Error &&
    thrown.name === "MeshError" &&
    isErrorCode((thrown as Partial<MeshError>).code)
  );
}

/**
 * Turns a refusal by the rules of the protocol into a usage fault that names where the value stood.
 */
export function usageFaultOf(thrown: unknown, where: string): unknown {
  if (!isMeshError(thrown)) return thrown;
  return usageFault(`${where}: ${thrown.reason}`, thrown.hint);
}

/** Writes the line of a fault: `thynapse: <what> — <how to fix>`, never more than one. */
export function faultLine(fault: CliFault): string {
  const text = fault.fix === undefined ? fault.message : `${fault.message} — ${fault.fix}`;
  return `thynapse: ${printable(text)}`;
}
