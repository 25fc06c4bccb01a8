import { isIPv6 } from "node:net";
import { checkService, MeshError, quote, readThid } from "@thynapse/protocol";
import { readSecret } from "./mesh-secret.js";
import type { OptionRow } from "./option-row.js";
import { isHost } from "../sockets/address.js";

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/**
 * Reads one value of an option: typed, or as text from a flag, a variable or a file.
 *
 * Text is read strictly: a number is digits and nothing else, a duration may end in `ms`, `s`, `m`,
 * `min` or `h`, a size in `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`. `where` names the place in what
 * is thrown: `port`, `--port`, `THYNAPSE_PORT`.
 *
 * @throws {MeshError} `BAD_OPTION`.
 */
export function readOption(row: OptionRow, given: unknown, where: string): OptionValue {
  if (row.kind === "places") return readPlaces(given, where);
  if (Array.isArray(given)) throw refusal(`${where} given twice`, "leave one");
  switch (row.kind) {
    case "port":
      return inRange(readNumber(given, where, {}), { ...row, min: 0, max: 65_535 }, where);
    case "count":
      return inRange(readNumber(given, where, {}), row, where);
    case "duration":
      return inRange(readNumber(given, where, unitMs), row, where);
    case "size":
      return inRange(readNumber(given, where, unitBytes), row, where);
    case "toggle":
      return readToggle(given, where);
    case "host":
      return readHost(text(given, where), where);
    case "secret":
      return readSecret(text(given, where), where);
    case "choice":
      return readChoice(text(given, where), row, where);
    case "thid":
      return checked(given, where, readThid);
    case "segment":
      return checked(given, where, checkService);
  }
}

/** What an option can hold. */
export type OptionValue = string | number | boolean | readonly string[];

/** Makes the error of a refused option. */
export function refusal(message: string, hint?: string): MeshError {
  return new MeshError("BAD_OPTION", message, { hint });
}

function readNumber(given: unknown, where: string, units: Readonly<Record<string, number>>) {
  if (typeof given === "number") {
    if (Number.isSafeInteger(given)) return given;
    throw refusal(`${where}: digits only, got ${given}`, "give a whole number");
  }
  const whole = text(given, where);
  const digits = /^\d{1,15}/.exec(whole)?.[0] ?? "";
  const unit = whole.slice(digits.length);
  const factor = unit === "" ? 1 : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits !== "" && factor !== undefined) return Number(digits) * factor;
  const known = Object.keys(units).join(", ");
  const rule = known === "" ? "digits only" : `digits only, then nothing or one of ${known}`;
  throw refusal(`${where}: ${rule}, got ${quote(whole)}`, "give a whole number");
}

function inRange(value: number, { min = 0, max = Infinity }: OptionRow, where: string): number {
  if (value >= min && value <= max) return value;
  throw refusal(`${where}: ${value} is out of range`, `${min} to ${max}`);
}

function readToggle(given: unknown, where: string): boolean {
  if (given === true || given === "true" || given === "1") return true;
  if (given === false || given === "false" || given === "0") return false;
  throw refusal(`${where}: true or false, got ${quote(String(given))}`);
}

function readChoice(given: string, { choices = [] }: OptionRow, where: string): string {
  if (choices.includes(given)) return given;
  throw refusal(`${where}: ${quote(given)} is not one of ${choices.join(", ")}`);
}

/** A host, as it is bound: an address without brackets, a name, or `0.0.0.0` for `*`. */
function readHost(given: string, where: string): string {
  if (given === "*") return "0.0.0.0";
  if (given.includes("://") || /^[^:]*:\d*$/.test(given) || /\]:\d*$/.test(given)) {
    throw refusal(`${where} takes a host, got ${quote(given)}`, "put the port in --port");
  }
  const host = given.startsWith("[") && given.endsWith("]") ? given.slice(1, -1) : given;
  if (isHost(host)) return host;
  const hint = "give an address, or a name that begins with a letter or a digit";
  throw refusal(`${where}: ${quote(given)} is no host`, hint);
}

/** Places, each as `HOST:PORT` with brackets around an IPv6 address, and each once. */
function readPlaces(given: unknown, where: string): readonly string[] {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  return [...new Set(all.map((place) => readPlace(text(place, where), where)))];
}

function readPlace(given: string, where: string): string {
  const bare = given.startsWith("tcp://") ? given.slice("tcp://".length) : given;
  const [, host = "", digits] = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(bare) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) {
    throw refusal(`${where}: ${quote(given)} is no HOST:PORT`, "write host:port, or [::1]:port");
  }
  const checkedHost = host === "*" ? "" : readHost(host, where);
  return `${isIPv6(checkedHost) ? `[${checkedHost}]` : checkedHost}:${port}`;
}

function checked(given: unknown, where: string, check: (value: unknown) => string): string {
  try {
    return check(given);
  } catch (thrown) {
    if (!(thrown instanceof MeshError)) throw thrown;
    throw new MeshError("BAD_OPTION", `${where}: ${thrown.reason}`, { hint: thrown.hint });
  }
}

function text(given: unknown, where: string): string {
  if (typeof given === "string") return given;
  throw refusal(`${where}: cannot be ${given === null ? "null" : typeof given}`);
}
