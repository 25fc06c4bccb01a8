import {
  decodeMessagePack,
  encodeMessagePack,
  type FieldMap,
  intField,
  listField,
  mapValue,
  MeshError,
  ownField,
  readThid,
} from "@thynapse/protocol";
import type { Beat } from "./members.js";
import type { Delta, Entry, Known } from "./mesh-record.js";

/** What one transmitter knows of one member: the newest sign of life, and how far its record. */
export interface Standing extends Beat, Known {}

/** What transmitters say to each other about the mesh itself. */
export type MeshWord =
  /** To all, as often as heartbeats: the speaker comes first, then whom it knows. */
  | { readonly kind: "beat"; readonly standings: readonly Standing[] }
  /** To all when something changes, or to one who has asked. */
  | { readonly kind: "delta"; readonly delta: Delta }
  /** To one: what is known here, of what the other one knows better. */
  | { readonly kind: "want"; readonly wanted: readonly Known[] };

const standingsMax = 10_000;
const entriesMax = 100_000;

/** Writes a word as MessagePack. */
export function writeWord(word: MeshWord): Buffer {
  switch (word.kind) {
    case "beat":
      return encodeMessagePack({
        beat: word.standings.map((it) => [it.id, it.incarnation, it.beat, it.version]),
      });
    case "want":
      return encodeMessagePack({
        want: word.wanted.map((it) => [it.id, it.incarnation, it.version]),
      });
    case "delta": {
      const { id, incarnation, from, version, entries } = word.delta;
      return encodeMessagePack({ delta: id, incarnation, from, version, entries });
    }
  }
}

/** Reads a word. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, and as `decodeMessagePack`. */
export function readWord(part: Buffer): MeshWord {
  const map = mapValue(decodeMessagePack(part), "a word");
  if (ownField(map, "beat") !== undefined) {
    const standings = listField(map, "beat", standingsMax).map((row) => ({
      ...readKnown(row, 3),
      beat: numberIn(row, 2),
    }));
    if (standings.length === 0) throw bad("a beat names its speaker");
    return { kind: "beat", standings };
  }
  if (ownField(map, "want") !== undefined) {
    const wanted = listField(map, "want", standingsMax).map((row) => readKnown(row, 2));
    return { kind: "want", wanted };
  }
  return { kind: "delta", delta: readDelta(map) };
}

function readDelta(map: FieldMap): Delta {
  const delta = {
    id: readThid(ownField(map, "delta")),
    incarnation: intField(map, "incarnation"),
    from: intField(map, "from"),
    version: intField(map, "version"),
    entries: listField(map, "entries", entriesMax).map(readEntry),
  };
  const isIn = ([, version]: Entry): boolean => version > delta.from && version <= delta.version;
  if (delta.from > delta.version || !delta.entries.every(isIn)) {
    throw bad("a delta has changes that are not between its versions");
  }
  return delta;
}

function readEntry(row: unknown): Entry {
  const [key, version, value] = Array.isArray(row) ? (row as unknown[]) : [];
  if (typeof key !== "string" || !Number.isSafeInteger(version)) {
    throw bad("an entry is [key, version, value]");
  }
  // What is deleted travels as nil.
  return [key, version as number, value ?? undefined];
}

function readKnown(row: unknown, versionAt: number): Known {
  const id = readThid(Array.isArray(row) ? row[0] : undefined);
  return { id, incarnation: numberIn(row, 1), version: numberIn(row, versionAt) };
}

function numberIn(row: unknown, at: number): number {
  const value: unknown = Array.isArray(row) ? row[at] : undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad("a row lacks a number");
  return value as number;
}

function bad(what: string): MeshError {
  return new MeshError("BAD_PAYLOAD", what);
}
