import { creditMax, depthMax, type ErrorCode, keysMax, type MeshError } from "@thynapse/protocol";
import { cellCommandsText, fieldsHint } from "./command-fields.js";

const hints: Partial<Record<ErrorCode, string>> = {
  BAD_FRAME: "write one frame: <J or M> <COMMAND> <payload>, as in 'J HELO {…}'",
  BAD_ENCODING: "write J for JSON, M for MessagePack, and the same one as in HELO",
  BAD_COMMAND: `a cell says ${cellCommandsText}`,
  BAD_ID: "40 hex digits, drawn at random",
  BAD_SERVICE: "one segment: 1 to 64 of A–Z a–z 0–9 _ - : @",
  BAD_CHANNEL: "segments of A–Z a–z 0–9 _ - : @ joined by dots, as in orders.created",
  BAD_PATTERN: "a channel in which * stands for one segment and ** for one or more",
  BAD_CREDIT: `a whole number 0 … ${creditMax}; 0 pauses`,
  BAD_RUN: "a header map, then one array for each event",
  TOO_LARGE: "keep what is large in a store and send where it is",
  TOO_DEEP: `at most ${depthMax} levels`,
  TOO_MANY_KEYS: `at most ${keysMax} keys in all`,
  TOO_MANY_CATCHES: "catch one pattern with * or ** instead of many",
  UNKNOWN_CATCH: "the number stands in CGHT and ends with DROP or the attachment",
  NOT_WELCOME: "say HELO, catch again, and send again what is unconfirmed",
  DENIED: "send on a channel that does not begin with $; requests on $mesh need ask",
};

/**
 * How to write it right: what the error says itself, else what holds for all errors of its code.
 */
export function hintOf(error: MeshError, command: string): string | undefined {
  if (error.hint !== undefined) return error.hint;
  const aboutFields = error.code === "BAD_PAYLOAD" || error.code === "BAD_OPTION";
  return aboutFields ? fieldsHint(command) : hints[error.code];
}
