import type { Thid } from "@thynapse/protocol";

/** A value as it was set with a change; `undefined` where it was deleted. */
export type Entry = readonly [key: string, version: number, value: unknown];

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

/** What a reader of a record is told. */
export interface Change {
  readonly key: string;
  readonly value: unknown;
  readonly old: unknown;
}

interface Held {
  readonly version: number;
  readonly value: unknown;
}

/** Deletions that are remembered; who is further behind gets the whole record. */
const deletionsMax = 1000;

/** The values that one start of one transmitter has set, each with the change that set it. */
export class MeshRecord {
  readonly id: Thid;
  readonly incarnation: number;
  /** The last change; 0 before the first. */
  version = 0;
  /** In the order of their changes, so that the newest are at the end. */
  private readonly held = new Map<string, Held>();
  private deletions = 0;
  /** Deletions up to this version are forgotten. */
  private forgotten = 0;

  constructor(id: Thid, incarnation: number) {
    this.id = id;
    this.incarnation = incarnation;
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

  /** Sets or, with `undefined`, deletes. @returns whether anything has changed. */
  set(key: string, value: unknown): boolean {
    if (Object.is(this.get(key), value)) return false;
    this.version++;
    this.hold(key, { version: this.version, value });
    return true;
  }

  /** What has changed since a version; the whole record if that cannot be told any more. */
  deltaFrom(version: number): Delta {
    const { id, incarnation } = this;
    const from = version < this.forgotten || version > this.version ? 0 : version;
    const entries: Entry[] = [];
    for (const [key, held] of this.held) {
      if (held.version <= from || (from === 0 && held.value === undefined)) continue;
      entries.push([key, held.version, held.value]);
    }
    return { id, incarnation, version: this.version, from, entries };
  }

  /** Takes changes of the owner that go on from what is known, or the whole record. */
  learn(delta: Delta): Change[] {
    if (delta.version <= this.version) return [];
    const changes: Change[] = [];
    if (delta.from === 0) {
      const kept = new Set(delta.entries.map(([key]) => key));
      for (const [key, { value: old }] of this.held) {
        if (kept.has(key)) continue;
        this.held.delete(key);
        if (old !== undefined) changes.push({ key, value: undefined, old });
      }
      this.deletions = 0;
      this.forgotten = delta.version;
    }
    for (const [key, version, value] of delta.entries) {
      const known = this.held.get(key);
      if (known !== undefined && known.version >= version) continue;
      this.hold(key, { version, value });
      if (value !== known?.value) changes.push({ key, value, old: known?.value });
    }
    this.version = delta.version;
    return changes;
  }

  private hold(key: string, held: Held): void {
    const old = this.held.get(key);
    if (old !== undefined && old.value === undefined) this.deletions--;
    this.held.delete(key);
    this.held.set(key, held);
    if (held.value !== undefined || ++this.deletions <= deletionsMax) return;
    for (const [oldest, { value, version }] of this.held) {
      if (value !== undefined) continue;
      this.held.delete(oldest);
      this.deletions--;
      this.forgotten = version;
      break;
    }
  }
}
