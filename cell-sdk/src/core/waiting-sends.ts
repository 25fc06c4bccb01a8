import { MeshError } from "@thynapse/protocol";
import type { ConfirmWatcher, Destination, RunRecord } from "./run-record.js";

/** Events that may wait for room in the outbox. */
const waitingSendsMax = 65_536;

/** An event, encoded, that waits for room in the outbox. */
export class WaitingSend implements Destination {
  readonly channel: string;
  readonly tag: number;
  readonly body: Uint8Array;
  readonly extras: Uint8Array | undefined;
  /** Called when it waits no more. */
  onLeft: (() => void) | undefined;
  private admitted: { readonly record: RunRecord; readonly index: number } | undefined;
  private refusal: MeshError | undefined;
  private watchers: ConfirmWatcher[] = [];

  constructor(channel: string, tag: number, body: Uint8Array, extras: Uint8Array | undefined) {
    this.channel = channel;
    this.tag = tag;
    this.body = body;
    this.extras = extras;
  }

  /** Whether it waits no more because it will never be sent. */
  get isRefused(): boolean {
    return this.refusal !== undefined;
  }

  get bytes(): number {
    return this.body.length + (this.extras?.length ?? 0);
  }

  get isWatched(): boolean {
    return this.watchers.length > 0;
  }

  seqAt(): number {
    return this.admitted === undefined ? 0 : this.admitted.record.seqAt(this.admitted.index);
  }

  watch(_index: number, watcher: ConfirmWatcher): void {
    if (this.refusal !== undefined) watcher.refused(this.refusal);
    else if (this.admitted === undefined) this.watchers.push(watcher);
    else this.admitted.record.watch(this.admitted.index, watcher);
  }

  unwatch(watcher: ConfirmWatcher): void {
    this.watchers = this.watchers.filter((each) => each !== watcher);
    this.admitted?.record.unwatch(watcher);
  }

  /** It found room. */
  admit(record: RunRecord, index: number): void {
    this.admitted = { record, index };
    for (const watcher of this.watchers) record.watch(index, watcher);
    this.watchers = [];
    this.onLeft?.();
  }

  /** It is not wanted any more; what found room already stays. */
  withdraw(error: MeshError): void {
    if (this.admitted === undefined) this.refuse(error);
  }

  refuse(error: MeshError): void {
    this.refusal = error;
    this.onLeft?.();
    const watchers = this.watchers;
    this.watchers = [];
    for (const watcher of watchers) watcher.refused(error);
  }
}

/** What waits for room, first come, first served. */
export class WaitingSends {
  private queue: (WaitingSend | (() => void))[] = [];
  private head = 0;
  private sends = 0;
  /** How many of them wait, by channel. */
  private readonly channels = new Map<string, number>();
  private bytes = 0;
  private readonly bytesMax: number;

  /** @param bytesMax as many bytes may wait as the outbox may hold. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Events that wait, also those that are no longer wanted. */
  get count(): number {
    return this.sends;
  }

  /**
   * Whether a send need not wait behind these. One that is privileged waits for its own channel
   * alone: what a handler sends, lest the others wait for the handler, and it for them.
   */
  lets(channel: string, isPrivileged: boolean): boolean {
    return this.sends === 0 || (isPrivileged && !this.channels.has(channel));
  }

  /** Has a send wait; one that is too many is refused, `OUTBOX_FULL`. @returns whether it waits. */
  push(send: WaitingSend): boolean {
    if (this.sends >= waitingSendsMax || this.bytes >= this.bytesMax) {
      const waiting = `${this.sends} sends of ${this.bytes} bytes wait for room`;
      send.refuse(new MeshError("OUTBOX_FULL", waiting));
      return false;
    }
    this.queue.push(send);
    this.sends++;
    this.bytes += send.bytes;
    this.channels.set(send.channel, (this.channels.get(send.channel) ?? 0) + 1);
    return true;
  }

  /** Calls `told` when everything pushed so far waits no more: at once if nothing waits. */
  whenPassed(told: () => void): void {
    if (this.sends === 0) told();
    else this.queue.push(told);
  }

  /** Takes the next one that is still wanted. */
  shift(): WaitingSend | undefined {
    while (this.head < this.queue.length) {
      const next = this.queue[this.head++];
      if (this.head > 1024 && this.head * 2 > this.queue.length) {
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      if (typeof next === "function") next();
      else if (next !== undefined) {
        this.left(next);
        if (!next.isRefused) return next;
      }
    }
    return undefined;
  }

  /** Tells those who waited only for what has been taken by now. */
  pass(): void {
    while (this.head < this.queue.length) {
      const next = this.queue[this.head];
      if (next instanceof WaitingSend && !next.isRefused) return;
      this.head++;
      if (typeof next === "function") next();
      else if (next !== undefined) this.left(next);
    }
  }

  private left({ channel, bytes }: WaitingSend): void {
    this.sends--;
    this.bytes -= bytes;
    const others = (this.channels.get(channel) ?? 0) - 1;
    if (others > 0) this.channels.set(channel, others);
    else this.channels.delete(channel);
  }
}
