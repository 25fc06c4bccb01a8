import type { ErrorCode } from "@thynapse/protocol";

/** How a message is refused. */
export interface Refusal {
  readonly refused: ErrorCode;
  /** Part of the message: what was wrong. */
  readonly says?: string;
  /** Part of the hint: how to write it right. Each refusal has one, also where the row does not say which. */
  readonly hint?: string;
}

/** How a message is answered that is odd but right. */
export interface Reply {
  readonly answered: string;
  /** Fields of the answer. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One frame of a message. */
export type Part = string | Buffer;

/** What a message may have to name of the cell that sends it. */
export interface RowCell {
  readonly id: string;
  readonly service: string;
}

/** One message of a stranger, and what comes back. */
export interface Row {
  /** Section and number; several rows may have one. */
  readonly id: string;
  /** What is sent, as it stands in the name of the test. */
  readonly name: string;
  /** Who sends it: a connection that has said nothing, or a cell of this encoding. */
  readonly as: "nobody" | "J" | "M";
  readonly parts: readonly Part[] | ((cell: RowCell) => readonly Part[]);
  readonly expect: Refusal | Reply;
}

/** Bytes of a row, written as hex. */
export function hex(...digits: readonly string[]): Buffer {
  return Buffer.from(digits.join("").replaceAll(" ", ""), "hex");
}
