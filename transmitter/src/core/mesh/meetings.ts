import { MeshError, type Thid } from "@thynapse/protocol";
import type { LinkHello } from "./hello.js";

/** Transmitters that are met in a second. */
const meetingsMax = 10;
/** Hellos that wait for their turn. */
const waitingMax = 256;
const secondMs = 1000;

/**
 * Lets in so many new transmitters a second; the others wait for their turn, since a connection
 * shows each hello only once.
 *
 * @see PROTOCOL.md §19.3
 */
export class Meetings {
  private readonly waiting = new Map<Thid, LinkHello>();
  /** Those that are kept out, and until when. */
  private readonly barred = new Map<Thid, { readonly hello: LinkHello; readonly dueMs: number }>();
  private count = 0;
  private secondBeganMs = Number.NEGATIVE_INFINITY;

  /** When `take` may have something; infinite if never. */
  get deadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.barred.values()) nextMs = Math.min(nextMs, dueMs);
    return this.waiting.size > 0 ? Math.min(nextMs, this.secondBeganMs + secondMs) : nextMs;
  }

  /**
   * Whether to meet a transmitter now; if not, it waits.
   *
   * @throws {MeshError} `BUSY` if too many wait
   */
  admits(hello: LinkHello, nowMs: number): boolean {
    const { id } = hello;
    if (this.barred.get(id)?.hello.nonce === hello.nonce) return false;
    this.barred.delete(id);
    const waits = this.waiting.get(id);
    if (waits !== undefined && waits.incarnation >= hello.incarnation) return false;
    if (!this.isCrowded(nowMs)) {
      this.waiting.delete(id);
      return true;
    }
    if (waits === undefined && this.waiting.size >= waitingMax) {
      throw new MeshError("BUSY", "too many new transmitters at once");
    }
    this.waiting.set(id, hello);
    return false;
  }

  /** Keeps a transmitter out for some time; then it has its turn again. */
  bar(hello: LinkHello, dueMs: number): void {
    this.barred.set(hello.id, { hello, dueMs });
  }

  /** Those whose turn it is. */
  *take(nowMs: number): Generator<LinkHello> {
    for (const [id, { hello, dueMs }] of this.barred) {
      if (nowMs < dueMs) continue;
      this.barred.delete(id);
      this.waiting.set(id, hello);
    }
    for (const [id, hello] of this.waiting) {
      if (this.isCrowded(nowMs)) return;
      this.waiting.delete(id);
      yield hello;
    }
  }

  private isCrowded(nowMs: number): boolean {
    if (nowMs - this.secondBeganMs >= secondMs) {
      this.secondBeganMs = nowMs;
      this.count = 0;
    }
    if (this.count === meetingsMax) return true;
    this.count++;
    return false;
  }
}
