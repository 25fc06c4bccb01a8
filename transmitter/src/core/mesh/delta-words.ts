import {
  encodeMessagePack,
  type FieldMap,
  intField,
  listField,
  MeshError,
  ownField,
  readThid,
  type Thid,
} from "@thynapse/protocol";
import {
  type Delta,
  type Entry,
  entryBytes,
  keyCharsMax,
  recordBytesMax,
  recordEntriesMax,
} from "./mesh-record.js";

/** A delta, or a piece of one that is too long for one word: the pieces follow each other. */
export interface DeltaPiece {
  readonly delta: Delta;
  /** Which piece, from 0. */
  readonly at: number;
  readonly isLast: boolean;
}

/** A piece is full with so many entries, or bytes: a word stays far below what a part may be. */
const pieceEntriesMax = 4096;
const pieceBytesMax = 256 * 1024;

/** Writes a delta as one word or more, to be sent after one another. @see PROTOCOL.md §19.12 */
export function writeDelta({ id, incarnation, from, version, entries }: Delta): Buffer[] {
  const pieces = piecesOf(entries);
  return pieces.map((piece, at) => {
    const map = { delta: id, incarnation, from, version, at, entries: piece };
    return encodeMessagePack(at < pieces.length - 1 ? { ...map, more: true } : map);
  });
}

function piecesOf(entries: readonly Entry[]): Entry[][] {
  let piece: Entry[] = [];
  let bytes = 0;
  const pieces = [piece];
  for (const entry of entries) {
    if (piece.length === pieceEntriesMax || bytes > pieceBytesMax) {
      piece = [];
      bytes = 0;
      pieces.push(piece);
    }
    piece.push(entry);
    bytes += entryBytes(entry[0], entry[2]);
  }
  return pieces;
}

/** Reads a piece of a delta. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, `TOO_LARGE` */
export function readDelta(map: FieldMap): DeltaPiece {
  const delta = {
    id: readThid(ownField(map, "delta")),
    incarnation: intField(map, "incarnation"),
    from: intField(map, "from"),
    version: intField(map, "version"),
    entries: listField(map, "entries", pieceEntriesMax).map(readEntry),
  };
  const isIn = ([, version]: Entry): boolean => version > delta.from && version <= delta.version;
  if (delta.from > delta.version || !delta.entries.every(isIn)) {
    throw new MeshError("BAD_PAYLOAD", "a delta has changes that are not between its versions");
  }
  const at = intField(map, "at", { fallback: 0 });
  return { delta, at, isLast: ownField(map, "more") !== true };
}

function readEntry(row: unknown): Entry {
  const [key, version, bytes] = Array.isArray(row) ? (row as unknown[]) : [];
  const isValue = bytes === null || bytes === undefined || bytes instanceof Uint8Array;
  if (typeof key !== "string" || key.length > keyCharsMax || !isValue) {
    throw new MeshError("BAD_PAYLOAD", "an entry is [key, version, bytes or nil]");
  }
  if (!Number.isSafeInteger(version)) throw new MeshError("BAD_PAYLOAD", "a version is a number");
  // A copy: the part that it came in is not kept for it.
  return [key, version as number, bytes ? Buffer.from(bytes) : undefined];
}

/** A delta of which pieces have come, all in order. */
interface Begun {
  readonly last?: DeltaPiece;
  readonly entries: Entry[];
  readonly bytes: number;
}

/** Puts the pieces of deltas together that come over one link. @see PROTOCOL.md §19.12 */
export class Assembly {
  private readonly pieces = new Map<Thid, Begun>();

  /**
   * Takes the next piece. @returns the delta, when it is whole.
   *
   * @throws {MeshError} `TOO_LARGE` past the bounds of a record; the rest is then ignored.
   */
  add(from: Thid, piece: DeltaPiece): Delta | undefined {
    const before: Begun | undefined =
      piece.at > 0 ? this.pieces.get(from) : { entries: [], bytes: 0 };
    this.pieces.delete(from);
    if (before === undefined || !goesOn(before.last, piece)) return undefined;
    const { entries } = before;
    let { bytes } = before;
    for (const entry of piece.delta.entries) {
      entries.push(entry);
      bytes += entryBytes(entry[0], entry[2]);
    }
    if (entries.length > recordEntriesMax || bytes > recordBytesMax) {
      const bounds = `${recordEntriesMax} entries or ${recordBytesMax} bytes`;
      throw new MeshError("TOO_LARGE", `a delta of more than ${bounds}`);
    }
    if (piece.isLast) return { ...piece.delta, entries };
    this.pieces.set(from, { last: piece, entries, bytes });
    return undefined;
  }

  /** What was begun over a link will not go on. */
  forget(from: Thid): void {
    this.pieces.delete(from);
  }
}

/** Whether a piece follows another one; the first follows none. */
function goesOn(before: DeltaPiece | undefined, { delta, at }: DeltaPiece): boolean {
  if (before === undefined) return at === 0;
  return (
    before.at + 1 === at &&
    before.delta.id === delta.id &&
    before.delta.incarnation === delta.incarnation &&
    before.delta.from === delta.from &&
    before.delta.version === delta.version
  );
}
