import { MeshError } from "@thynapse/protocol";

/** What a handler threw, in one line, for those who did not see it. */
export function failureText(thrown: unknown): string {
  try {
    if (thrown instanceof MeshError) return thrown.message;
    if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
    return String(thrown);
  } catch {
    return `a thrown ${typeof thrown}`;
  }
}

/** Tells whether a handler returned something to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    typeof value === "object" &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/** Tells whether a handler returned an answer in parts. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return value !== null && typeof value === "object" && Symbol.asyncIterator in value;
}
