import { type ErrorCode, MeshError } from "./errors.js";
import { nameValue } from "./quote.js";

/** A decoded payload: own properties only, never merged into another object. */
export type FieldMap = Readonly<Record<string, unknown>>;

/** The same properties, to be set one by one: on hot paths that beats spreading objects by far. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Reads an integer field.
 *
 * @throws {MeshError} `code` if it is no integer of `min … max`, or missing without a `fallback`.
 */
export function intField(
  map: FieldMap,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, fallback, code = "BAD_PAYLOAD" }: IntFieldRules = {},
): number {
  const value = ownField(map, name);
  if (value === undefined && fallback !== undefined) return fallback;
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    const bound = max === Number.MAX_SAFE_INTEGER ? "2^53−1" : String(max);
    const rule = `${name} must be an integer ≤ ${bound} and ≥ ${min}`;
    throw new MeshError(code, `${rule}, got ${nameValue(value)}`);
  }
  return value as number;
}

/** What an integer field must be. */
export interface IntFieldRules {
  readonly min?: number;
  readonly max?: number;
  /** What stands for a missing field; without it the field must be there. */
  readonly fallback?: number;
  /** The code of the refusal, default `BAD_PAYLOAD`. */
  readonly code?: ErrorCode;
}

/**
 * Reads a boolean field. @throws {MeshError} `BAD_OPTION` for anything but true, false or nothing.
 */
export function booleanField(map: FieldMap, name: string, fallback: boolean): boolean {
  const value = ownField(map, name);
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") {
    throw new MeshError("BAD_OPTION", `${name} is true or false, got ${nameValue(value)}`);
  }
  return value;
}

/**
 * Reads a string field of at most `charsMax` characters, none of which is half of one: JSON can say
 * that, and UTF-8 cannot.
 *
 * @throws {MeshError} `BAD_PAYLOAD`
 */
export function stringField(map: FieldMap, name: string, charsMax: number): string {
  const value = ownField(map, name);
  if (typeof value !== "string" || value.length > charsMax) {
    const rule = `${name} must be a string of at most ${charsMax} characters`;
    throw new MeshError("BAD_PAYLOAD", `${rule}, got ${nameValue(value)}`);
  }
  if (!value.isWellFormed()) {
    throw new MeshError("BAD_PAYLOAD", `${name} has half a character (a lone surrogate)`, {
      hint: "cut a text between characters, not within one",
    });
  }
  return value;
}

/** Reads a list field; a missing one is empty. @throws {MeshError} `BAD_PAYLOAD`, `TOO_LARGE` */
export function listField(map: FieldMap, name: string, lengthMax: number): readonly unknown[] {
  const value = ownField(map, name);
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    throw new MeshError("BAD_PAYLOAD", `${name} must be a list, got ${nameValue(value)}`);
  }
  if (value.length > lengthMax) {
    throw new MeshError("TOO_LARGE", `${name} has ${value.length} entries, at most ${lengthMax}`);
  }
  return value;
}

/** The value of an own property; what a prototype holds is not there. */
export function ownField(map: FieldMap, name: string): unknown {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
