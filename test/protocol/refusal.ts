import { expect } from "chai";

import { type ErrorCode, MeshError } from "@thynapse/protocol";

/** What a row of refused vectors says of the refusal. */
export interface RefusedRow {
  readonly code: ErrorCode;
  /** Part of the text, where the row has one. */
  readonly message?: string;
  readonly hint?: string;
}

/** Does what must be refused, and returns the refusal; fails if nothing is thrown. */
export function refusalOf(act: () => unknown): MeshError {
  let value: unknown;
  try {
    value = act();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(MeshError);
    return thrown as MeshError;
  }
  throw new Error(`nothing was refused, but returned: ${String(value)}`);
}

/** Does what must be refused, and compares the refusal with the row. */
export function expectRefusal(row: RefusedRow, act: () => unknown): void {
  const refusal = refusalOf(act);
  expect(refusal.code).to.equal(row.code);
  if (row.message !== undefined) expect(refusal.message).to.contain(row.message);
  if (row.hint !== undefined) expect(refusal.hint).to.contain(row.hint);
}

/** Returns the code with which each proper prefix of `bytes` is refused, without repeats. */
export function codesOfCuts(bytes: Uint8Array, read: (cut: Uint8Array) => unknown): ErrorCode[] {
  const codes = new Set<ErrorCode>();
  for (let end = 0; end < bytes.length; end++) {
    codes.add(refusalOf(() => read(bytes.subarray(0, end))).code);
  }
  return [...codes].sort();
}
