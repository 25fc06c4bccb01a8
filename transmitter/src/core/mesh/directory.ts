import type { Thid } from "@thynapse/protocol";
import { type Change, type Delta, type Known, MeshRecord, type Room } from "./mesh-record.js";

/** What the directory tells of what it learns from others. */
export interface DirectoryHandlers {
  /** A value of another transmitter was set, or with `undefined` deleted. */
  changed(id: Thid, change: Change): void;
  /** The transmitter has started again: all that it had set is gone. */
  renewed(id: Thid, incarnation: number): void;
}

/**
 * What every transmitter knows of every other one: records of keys and values that only their owner
 * changes, with a version that rises with each change.
 *
 * Lost, repeated and reordered deltas do no harm: one that does not go on from what is known is put
 * aside, and a digest shows what is to be fetched, from the owner or from anyone who knows more.
 *
 * @see PROTOCOL.md §19.11 to §19.13
 */
export class Directory {
  private readonly own: MeshRecord;
  private readonly others = new Map<Thid, MeshRecord>();
  private readonly handlers: DirectoryHandlers;

  constructor(
    me: { readonly id: Thid; readonly incarnation: number; readonly bytesMax?: number },
    handlers: DirectoryHandlers,
  ) {
    this.own = new MeshRecord(me.id, me.incarnation, me.bytesMax);
    this.handlers = handlers;
  }

  /**
   * Sets a value of our own, or with `undefined` deletes it. @returns whether anything has changed.
   *
   * @throws {MeshError} `TOO_LARGE` past the bounds of a record
   */
  set(key: string, value: unknown): boolean {
    return this.own.set(key, value);
  }

  /** Whether our own record has so much room in this part of it, 0 … 1. */
  hasRoom(room: Room, part: number): boolean {
    return this.own.hasRoom(room, part);
  }

  /** The value of a transmitter; `undefined` if it has none, or is not known. */
  get(id: Thid, key: string): unknown {
    return this.recordOf(id)?.get(key);
  }

  /** Every value of a transmitter whose key begins so. */
  entriesOf(id: Thid, prefix = ""): readonly (readonly [key: string, value: unknown])[] {
    return this.recordOf(id)?.entries(prefix) ?? [];
  }

  /** The last change of our own. */
  get version(): number {
    return this.own.version;
  }

  /** How far a transmitter is known here. */
  known(id: Thid): Known | undefined {
    const record = this.recordOf(id);
    return record === undefined ? undefined : knownOf(record);
  }

  /** How far each transmitter is known here, this one included. */
  digest(): Known[] {
    return [this.own, ...this.others.values()].map(knownOf);
  }

  /** What to fetch from whoever sent this digest: what is known here of what they know better. */
  behind(digest: readonly Known[]): Known[] {
    return digest
      .filter((theirs) => theirs.id !== this.own.id && isNewer(theirs, this.recordOf(theirs.id)))
      .map(({ id, incarnation }) => {
        const mine = this.others.get(id);
        const version = mine?.incarnation === incarnation ? mine.version : 0;
        return { id, incarnation, version };
      });
  }

  /** What somebody lacks who knows so much. */
  deltasFor(wanted: readonly Known[]): Delta[] {
    return wanted.flatMap(({ id, incarnation, version }) => {
      const record = this.recordOf(id);
      if (record === undefined || record.incarnation < incarnation) return [];
      return [record.deltaFrom(record.incarnation === incarnation ? version : 0)];
    });
  }

  /**
   * Learns of changes. @returns false if something before them is missing: it is to be fetched.
   *
   * @throws {MeshError} as `MeshRecord.learn`; nothing has changed then.
   */
  apply(delta: Delta): boolean {
    if (delta.id === this.own.id) return true;
    const known = this.others.get(delta.id);
    if (known !== undefined && delta.incarnation < known.incarnation) return true;
    if (known?.incarnation !== delta.incarnation) {
      if (delta.from > 0) return false;
      const record = new MeshRecord(delta.id, delta.incarnation);
      const changes = record.learn(delta);
      this.others.set(delta.id, record);
      if (known !== undefined) this.handlers.renewed(delta.id, delta.incarnation);
      this.tell(delta.id, changes);
      return true;
    }
    if (delta.from > known.version) return false;
    this.tell(delta.id, known.learn(delta));
    return true;
  }

  /** What is known of a transmitter gives way to whatever record of it comes next. */
  supersede(id: Thid): void {
    if (this.others.has(id)) this.others.set(id, new MeshRecord(id, -1));
  }

  /** Forgets a transmitter that has been dead for long. */
  forget(id: Thid): void {
    this.others.delete(id);
  }

  private recordOf(id: Thid): MeshRecord | undefined {
    return id === this.own.id ? this.own : this.others.get(id);
  }

  private tell(id: Thid, changes: readonly Change[]): void {
    for (const change of changes) this.handlers.changed(id, change);
  }
}

function knownOf({ id, incarnation, version }: MeshRecord): Known {
  return { id, incarnation, version };
}

function isNewer(theirs: Known, mine: Known | undefined): boolean {
  if (mine === undefined || theirs.incarnation > mine.incarnation) return true;
  return theirs.incarnation === mine.incarnation && theirs.version > mine.version;
}
