import {
  decodeMessagePack,
  encodeMessagePack,
  linkRingBytesMax,
  MeshError,
  type Thid,
} from "@thynapse/protocol";

/** Entries of one record, those that tell of a deletion included. */
export const recordEntriesMax = 100_000;
/**
 * Bytes of one record, by `entryBytes`. Half of what a link keeps, so that a whole record never
 * makes a link begin anew.
 */
export const recordBytesMax = linkRingBytesMax / 2;
/** Characters of a key. */
export const keyCharsMax = 1024;

/** A value, encoded, as it was set with a change; `undefined` where it was deleted. */
export type Entry = readonly [key: string, version: number, bytes: Buffer | undefined];

/** What an entry counts for, in bytes. */
export function entryBytes(key: string, bytes: Buffer | undefined): number {
  return 2 * key.length + (bytes?.length ?? 0) + 16;
}

/** How far somebody knows the record of a transmitter. */
export interface Known {
  readonly id: Thid;
  readonly incarnation: number;
  /** The last change that is known; 0 for none. */
  readonly version: number;
}

/** What has changed in a record between two versions. */
export interface Delta extends Known {
  /** The version that it goes on from; 0: the whole record, what it lacks is gone. */
  readonly from: number;
  readonly entries: readonly Entry[];
}

/** Room in a record: so many entries, of so many bytes together, by `entryBytes`. */
export interface Room {
  readonly entries: number;
  readonly bytes: number;
}

/** What a reader of a record is told. */
export interface Change {
  readonly key: string;
  readonly value: unknown;
  readonly old: unknown;
}

interface Held {
  readonly version: number;
  readonly value: unknown;
  readonly bytes: Buffer | undefined;
}

/** Deletions that are remembered; who is further behind gets the whole record. */
const deletionsMax = 1000;

/**
 * The values that one start of one transmitter has set, each with the change that set it.
 *
 * @see PROTOCOL.md §19.11
 */
export class MeshRecord {
  readonly id: Thid;
  readonly incarnation: number;
  /** The last change; 0 before the first. */
  version = 0;
  /** In the order of their changes, so that the newest are at the end. */
  private readonly held = new Map<string, Held>();
  private readonly bytesMax: number;
  private bytes = 0;
  /** Keys that were deleted, in the order of their changes. */
  private readonly deleted = new Set<string>();
  /** Deletions up to this version are forgotten. */
  private forgotten = 0;

  constructor(id: Thid, incarnation: number, bytesMax = Number.POSITIVE_INFINITY) {
    this.id = id;
    this.incarnation = incarnation;
    this.bytesMax = Math.min(bytesMax, recordBytesMax);
  }

  get(key: string): unknown {
    return this.held.get(key)?.value;
  }

  entries(prefix: string): [key: string, value: unknown][] {
    const found: [string, unknown][] = [];
    for (const [key, { value }] of this.held) {
      if (value !== undefined && key.startsWith(prefix)) found.push([key, value]);
    }
    return found;
  }

  /**
   * Sets or, with `undefined`, deletes. @returns whether anything has changed.
   *
   * @throws {MeshError} `TOO_LARGE` past the bounds of a record; nothing has changed then.
   */
  set(key: string, value: unknown): boolean {
    const bytes = value === undefined ? undefined : encodeMessagePack(value);
    if (isSame(bytes, this.held.get(key)?.bytes)) return false;
    const version = this.version + 1;
    this.checkRoom([[key, version, bytes]], false);
    this.version = version;
    this.hold(key, { version, value, bytes });
    return true;
  }

  /** Whether there is so much room in this part of a record, 0 … 1. */
  hasRoom({ entries, bytes }: Room, part: number): boolean {
    const isRoomForEntries = this.held.size + entries <= part * recordEntriesMax;
    return isRoomForEntries && this.bytes + bytes <= part * this.bytesMax;
  }

  /** What has changed since a version; the whole record if that cannot be told any more. */
  deltaFrom(version: number): Delta {
    const { id, incarnation } = this;
    const from = version < this.forgotten || version > this.version ? 0 : version;
    const entries: Entry[] = [];
    for (const [key, held] of this.held) {
      if (held.version <= from || (from === 0 && held.value === undefined)) continue;
      entries.push([key, held.version, held.bytes]);
    }
    return { id, incarnation, version: this.version, from, entries };
  }

  /**
   * Takes changes of the owner that go on from what is known, or the whole record.
   *
   * @throws {MeshError} `TOO_LARGE` past the bounds of a record, and as `decodeMessagePack`; then
   *   nothing has changed.
   */
  learn(delta: Delta): Change[] {
    if (delta.version <= this.version) return [];
    this.checkRoom(delta.entries, delta.from === 0);
    const news = delta.entries.map(([key, version, bytes]) => {
      const value = bytes === undefined ? undefined : decodeMessagePack(bytes);
      return [key, { version, value, bytes }] as const;
    });
    const changes = delta.from === 0 ? this.dropAllBut(news, delta.version) : [];
    for (const [key, held] of news) {
      const known = this.held.get(key);
      if (known !== undefined && known.version >= held.version) continue;
      this.hold(key, held);
      // The same value again: it was another one in between.
      changes.push({ key, value: held.value, old: known?.value });
    }
    this.version = delta.version;
    return changes;
  }

  private dropAllBut(news: readonly (readonly [string, Held])[], version: number): Change[] {
    const kept = new Set(news.map(([key]) => key));
    const changes: Change[] = [];
    for (const [key, { value: old }] of this.held) {
      if (kept.has(key)) continue;
      this.drop(key);
      if (old !== undefined) changes.push({ key, value: undefined, old });
    }
    this.forgotten = version;
    return changes;
  }

  private checkRoom(entries: readonly Entry[], isWhole: boolean): void {
    let bytes = isWhole ? 0 : this.bytes;
    let count = isWhole ? 0 : this.held.size;
    for (const [key, , value] of entries) {
      const known = isWhole ? undefined : this.held.get(key);
      if (known === undefined) count++;
      else bytes -= entryBytes(key, known.bytes);
      bytes += entryBytes(key, value);
    }
    if (count <= recordEntriesMax && bytes <= this.bytesMax) return;
    const bounds = `${recordEntriesMax} entries or ${this.bytesMax} bytes`;
    throw new MeshError("TOO_LARGE", `a record of more than ${bounds}`);
  }

  private hold(key: string, held: Held): void {
    this.drop(key);
    this.held.set(key, held);
    this.bytes += entryBytes(key, held.bytes);
    if (held.value !== undefined) return;
    this.deleted.add(key);
    if (this.deleted.size <= deletionsMax) return;
    const oldest = this.deleted.values().next().value as string;
    this.forgotten = (this.held.get(oldest) as Held).version;
    this.drop(oldest);
  }

  private drop(key: string): void {
    const old = this.held.get(key);
    if (old === undefined) return;
    this.held.delete(key);
    this.bytes -= entryBytes(key, old.bytes);
    this.deleted.delete(key);
  }
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}
