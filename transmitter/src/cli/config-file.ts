import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { findJsonFault } from "@thynapse/protocol";
import { CliFault, exitCode, usageFault } from "./fault.js";

/** What a config file says: names, each with the texts that its flag would be given. */
export interface ConfigFile {
  /** How faults name the file. */
  readonly name: string;
  /** By their names as they stand in the file. */
  readonly entries: ReadonlyMap<string, readonly string[]>;
}

/** Bytes of a config file; more is somebody's mistake about the path. */
const configBytesMax = 1 << 20;

/**
 * Reads a JSON file with one object: names, each with a string, a number, true or false, or a list
 * of strings.
 *
 * @throws {CliFault} 73 if it cannot be read; of usage, with line and column, if it is not JSON.
 */
export function readConfigFile(path: string): ConfigFile {
  const name = basename(path);
  const value = parse(readText(path), name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw usageFault(`${name}: not an object`, 'write {"port": 5454}');
  }
  const entries = new Map<string, readonly string[]>();
  for (const [key, given] of Object.entries(value)) {
    entries.set(key, textsOf(given, `${name}: ${key}`));
  }
  return { name, entries };
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= configBytesMax) return bytes.toString("utf8").replace(/^\ufeff/, "");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      throw new CliFault(exitCode.permission, `${path}: no right to read it`, { cause });
    }
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "is a directory" : code;
    throw new CliFault(exitCode.file, `${path}: ${why}`, { fix: "name a JSON file", cause });
  }
  throw usageFault(`${path}: over ${configBytesMax} bytes`, "is it the right file?");
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const fault = findJsonFault(text);
    const before = text.slice(0, fault?.at ?? text.length).split("\n");
    const column = (before[before.length - 1]?.length ?? 0) + 1;
    const what = `${name}:${before.length}:${column} ${fault?.what ?? "not JSON"}`;
    throw usageFault(what, fault?.hint ?? "the file is one JSON object");
  }
}

function textsOf(given: unknown, where: string): readonly string[] {
  if (Array.isArray(given)) {
    return given.map((item) => {
      if (typeof item === "string") return item;
      throw usageFault(`${where}: a list holds strings only`);
    });
  }
  if (typeof given === "string") return [given];
  if (typeof given === "boolean") return [String(given)];
  if (typeof given === "number") return [String(given)];
  throw usageFault(`${where}: a string, a number, true or false, or a list of strings`);
}
