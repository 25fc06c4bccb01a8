import { MeshError } from "./errors.js";
import { typeName } from "./quote.js";

/** Builds the refusal of a value that has no meaning on the other side. */
export function refused(what: string, hint?: string): MeshError {
  return new MeshError("BAD_PAYLOAD", `${what} cannot be sent`, { hint });
}

/** What has no meaning on the other side, though it looks like an object with few or no keys. */
const refusedClasses = [
  Map,
  Set,
  WeakMap,
  WeakSet,
  WeakRef,
  RegExp,
  Error,
  Promise,
  Number,
  String,
  Boolean,
  Symbol,
  BigInt,
] as const;

/**
 * Refuses an object of a class of the language that would become an empty map.
 *
 * @throws {MeshError} `BAD_PAYLOAD`.
 */
export function refuseBuiltIn(value: object): void {
  for (const refusedClass of refusedClasses) {
    if (value instanceof refusedClass) {
      throw refused(`a ${refusedClass.name}`, "send a plain object or an array");
    }
  }
}

/**
 * Refuses a value that contains itself; only asked when it was found too deep or too large.
 *
 * @throws {MeshError} `BAD_PAYLOAD`.
 */
export function refuseCycle(value: unknown): void {
  if (containsItself(value, new Set(), new Set())) throw refused("a value that contains itself");
}

/** Looks no deeper than a thousand levels, and into nothing twice. */
function containsItself(value: unknown, path: Set<object>, seen: Set<object>): boolean {
  if (typeName(value) !== "object" && typeName(value) !== "array") return false;
  const container = value as object;
  if (ArrayBuffer.isView(container)) return false;
  if (path.has(container)) return true;
  if (seen.has(container) || path.size > 1000) return false;
  seen.add(container);
  path.add(container);
  const found = Object.values(container).some((item) => containsItself(item, path, seen));
  path.delete(container);
  return found;
}
