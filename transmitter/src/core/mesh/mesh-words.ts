import {
  decodeMessagePack,
  encodeMessagePack,
  intField,
  listField,
  mapValue,
  MeshError,
  ownField,
  readThid,
  stringField,
  type Thid,
} from "@thynapse/protocol";
import { addressCharsMax } from "./hello.js";
import type { Beat } from "./members.js";
import { type DeltaPiece, readDelta } from "./delta-words.js";
import type { Known } from "./mesh-record.js";

/** What one transmitter knows of one member: the newest sign of life, and how far its record. */
export interface Standing extends Beat, Known {}

/** What one transmitter tells another of a member when their link is new. */
export interface Entered extends Standing {
  readonly isAlive: boolean;
}

/** What transmitters say to each other about the mesh itself. */
export type MeshWord =
  /** To all, as often as heartbeats: the speaker, others, and those whom the speaker misses. */
  | {
      readonly kind: "beat";
      readonly speaker: Standing;
      readonly others: readonly Standing[];
      readonly missing: readonly Thid[];
    }
  /** To one, after the whole record of the speaker: whom it knows, and how long the gone lived. */
  | {
      readonly kind: "roster";
      readonly roster: readonly Entered[];
      readonly lived: readonly Beat[];
    }
  /** To all links when something changes, or to one that has asked. */
  | ({ readonly kind: "delta" } & DeltaPiece)
  /** To one: what is known here, of what the other one knows better. */
  | { readonly kind: "want"; readonly wanted: readonly Known[] }
  /** To all, and to each: this incarnation of the speaker ends. */
  | { readonly kind: "farewell"; readonly id: Thid; readonly incarnation: number }
  /** To one: where another transmitter with its id is reached. */
  | { readonly kind: "twin"; readonly pub: string };

/** What all are told as often as heartbeats. */
export type BeatWord = Extract<MeshWord, { readonly kind: "beat" }>;

/** That an incarnation ends. */
export type FarewellWord = Extract<MeshWord, { readonly kind: "farewell" }>;

/** Those of the words that are only said on a link. */
export type LinkWord = Exclude<MeshWord, { readonly kind: "beat" | "farewell" }>;

const standingsMax = 10_000;

/** Whether a part is a word of the routing, which begins with `M`. The others are maps. */
export function isOfRouting(part: Buffer): boolean {
  return part[0] === 0x4d;
}

/** Writes a word other than a delta as MessagePack. @see writeDelta */
export function writeWord(word: Exclude<MeshWord, { readonly kind: "delta" }>): Buffer {
  switch (word.kind) {
    case "beat":
      return encodeMessagePack({
        beat: writeStanding(word.speaker),
        others: word.others.map(writeStanding),
        missing: word.missing,
      });
    case "roster":
      return encodeMessagePack({
        roster: word.roster.map((it) => [...writeStanding(it), it.isAlive ? 1 : 0]),
        lived: word.lived.map((it) => [it.id, it.incarnation, it.beat]),
      });
    case "farewell":
      return encodeMessagePack({ farewell: word.id, incarnation: word.incarnation });
    case "twin":
      return encodeMessagePack({ twin: word.pub });
    case "want":
      return encodeMessagePack({
        want: word.wanted.map((it) => [it.id, it.incarnation, it.version]),
      });
  }
}

/**
 * Reads a word. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, and as `decodeMessagePack`.
 *
 * @see PROTOCOL.md §19.9
 */
export function readWord(part: Buffer): MeshWord {
  const map = mapValue(decodeMessagePack(part), "a word");
  if (ownField(map, "beat") !== undefined) {
    return {
      kind: "beat",
      speaker: readStanding(ownField(map, "beat")),
      others: listField(map, "others", standingsMax).map(readStanding),
      missing: listField(map, "missing", standingsMax).map(readThid),
    };
  }
  if (ownField(map, "roster") !== undefined) {
    const roster = listField(map, "roster", standingsMax).map((row) => ({
      ...readStanding(row),
      isAlive: numberIn(row, 4) > 0,
    }));
    const lived = listField(map, "lived", standingsMax).map((row) => {
      const { id, incarnation, version: beat } = readKnown(row, 2);
      return { id, incarnation, beat };
    });
    return { kind: "roster", roster, lived };
  }
  if (ownField(map, "farewell") !== undefined) {
    const id = readThid(ownField(map, "farewell"));
    return { kind: "farewell", id, incarnation: intField(map, "incarnation") };
  }
  if (ownField(map, "twin") !== undefined) {
    return { kind: "twin", pub: stringField(map, "twin", addressCharsMax) };
  }
  if (ownField(map, "want") !== undefined) {
    const wanted = listField(map, "want", standingsMax).map((row) => readKnown(row, 2));
    return { kind: "want", wanted };
  }
  return { kind: "delta", ...readDelta(map) };
}

function writeStanding({ id, incarnation, beat, version }: Standing): unknown[] {
  return [id, incarnation, beat, version];
}

function readStanding(row: unknown): Standing {
  return { ...readKnown(row, 3), beat: numberIn(row, 2) };
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
