import { tooDeep, tooManyKeys } from "./bounds.js";
import { MeshError } from "./errors.js";
import { commandBytesMax, depthMax, keysMax } from "./limits.js";

/** What the walk through one value has met so far. */
interface Walk {
  keys: number;
  /** A lower bound of the encoded size, in bytes. */
  bytes: number;
  /** Whether a field of an object is undefined. */
  hasGaps: boolean;
  /** Whether a field is called `toJSON` and is no function. */
  hasDecoys: boolean;
  /** Whether a `toJSON` was asked. */
  hasHooks: boolean;
}

/** What is to be heeded when a value is encoded. */
export type Findings = Pick<Walk, "hasGaps" | "hasDecoys">;

/**
 * Checks that a value can be encoded so that the other side can read it; the codec itself would
 * write some values as something else, or with memory that is not theirs.
 *
 * Hot path: one pass that builds nothing, for what is sent as an object.
 *
 * @returns whether a field somewhere is undefined, and is to be left out, and whether one is
 * called `toJSON` that nobody can ask.
 * @throws {MeshError} `BAD_PAYLOAD` for what has no meaning on the other side (functions, symbols,
 * Map, Set, RegExp, Error, typed arrays other than bytes, an invalid Date, an integer beyond 64
 * bits, half a character, a value that contains itself, a field `toJSON` that is no function beside
 * one that is), `TOO_DEEP`, `TOO_MANY_KEYS`, `TOO_LARGE`.
 */
export function checkEncodable(value: unknown): Findings {
  const walk = { keys: 0, bytes: 0, hasGaps: false, hasDecoys: false, hasHooks: false };
  try {
    visit(value, 0, walk);
    if (walk.hasDecoys && walk.hasHooks) throw refused("a toJSON that is no function");
    return walk;
  } catch (thrown) {
    // Too deep or too large may be a value that contains itself: that deserves its own words.
    if (containsItself(value, new Set(), new Set())) throw refused("a value that contains itself");
    throw thrown;
  }
}

function visit(value: unknown, depth: number, walk: Walk): void {
  if (++walk.bytes > commandBytesMax) throw tooLarge();
  switch (typeof value) {
    case "string":
      visitText(value, walk);
      return;
    case "object":
      if (value !== null) visitObject(value, depth, walk);
      return;
    case "bigint":
      if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
        throw refused("an integer of more than 64 bits");
      }
      return;
    case "function":
    case "symbol":
      throw refused(`a ${typeof value}`);
    default:
  }
}

function visitText(text: string, walk: Walk): void {
  walk.bytes += text.length;
  if (walk.bytes > commandBytesMax) throw tooLarge();
  if (!text.isWellFormed()) throw refused("half a character (a lone surrogate)");
}

function visitObject(value: object, depth: number, walk: Walk): void {
  if (Array.isArray(value)) {
    if (depth >= depthMax) throw tooDeep(depthMax);
    if (value.length > commandBytesMax) throw tooLarge();
    for (const item of value) visit(item, depth + 1, walk);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if (visitSpecial(value, depth, walk)) return;
  }
  if (depth >= depthMax) throw tooDeep(depthMax);
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    if (++walk.keys > keysMax) throw tooManyKeys(keysMax);
    if (key === "__proto__") throw refused("the key __proto__");
    visitText(key, walk);
    const field = (value as Record<string, unknown>)[key];
    if (field === undefined) walk.hasGaps = true;
    else if (key === "toJSON") walk.hasDecoys = true;
    visit(field, depth + 1, walk);
  }
}

/** Looks at an object of a class; tells whether that was all there is to see of it. */
function visitSpecial(value: object, depth: number, walk: Walk): boolean {
  if (value instanceof Uint8Array) {
    walk.bytes += value.length;
    if (walk.bytes > commandBytesMax) throw tooLarge();
    return true;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused("an invalid Date");
    return true;
  }
  if (value instanceof ArrayBuffer) return true;
  for (const { of, what } of unspeakable) if (value instanceof of) throw refused(what);
  if (ArrayBuffer.isView(value)) throw refused("a typed array other than bytes");
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== "function") return false;
  if (depth >= depthMax) throw tooDeep(depthMax);
  walk.hasHooks = true;
  visit(toJSON.call(value), depth + 1, walk);
  return true;
}

type Class = new (...parts: never[]) => object;

const unspeakable: readonly { readonly of: Class; readonly what: string }[] = [
  { of: Map, what: "a Map" },
  { of: Set, what: "a Set" },
  { of: WeakMap, what: "a WeakMap" },
  { of: WeakSet, what: "a WeakSet" },
  { of: RegExp, what: "a RegExp" },
  { of: Error, what: "an Error" },
  { of: Promise as never, what: "a Promise" },
  { of: Number, what: "a boxed number" },
  { of: String, what: "a boxed string" },
  { of: Boolean, what: "a boxed boolean" },
];

function containsItself(value: unknown, path: Set<object>, seen: Set<object>): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (path.has(value)) return true;
  // Deeper than this it is no cycle that the walk has run into.
  if (seen.has(value) || path.size > depthMax) return false;
  seen.add(value);
  path.add(value);
  const found = Object.values(value).some((item) => containsItself(item, path, seen));
  path.delete(value);
  return found;
}

function tooLarge(): MeshError {
  return new MeshError("TOO_LARGE", `more than ${commandBytesMax} bytes encoded`);
}

function refused(what: string): MeshError {
  return new MeshError("BAD_PAYLOAD", `${what} cannot be sent`, {
    hint: "send plain objects, arrays, strings, numbers, booleans, null, dates and bytes",
  });
}
