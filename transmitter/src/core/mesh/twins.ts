import { warnMs } from "./dials.js";
import { isYounger, type LinkHello, readTwin, writeTwin } from "./hello.js";
import type { PeeringParts } from "./peering-parts.js";

/** Others of our id that are told of us at a time, each for `warnMs`; the first one makes way. */
const toldMax = 16;
/** Two that began so close to each other go by their incarnations, in ms. */
const sameMs = 1000;

/**
 * Which of two with one id ends: the one that has run for less time. A hello alone is no proof that
 * its speaker runs, since whoever saw it can show it again; what it says to us holds our nonce.
 *
 * @see PROTOCOL.md §19.4
 */
export class Twins {
  private readonly me: LinkHello;
  private readonly parts: PeeringParts;
  private beganMs = 0;
  /** By nonce, what each is told, and until when; oldest first. */
  private readonly told = new Map<string, { readonly topic: string; readonly untilMs: number }>();

  constructor(me: LinkHello, parts: PeeringParts) {
    this.me = me;
    this.parts = parts;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    const [oldest] = this.told.values();
    return oldest?.untilMs ?? Number.POSITIVE_INFINITY;
  }

  start(nowMs: number): void {
    this.beganMs = nowMs;
  }

  /** Another one has our id, says a hello: it is told how long we have run. */
  meet({ nonce }: LinkHello, nowMs: number): void {
    if (this.told.has(nonce)) return;
    const [oldest] = this.told.keys();
    if (oldest !== undefined && this.told.size >= toldMax) this.forget(oldest);
    const upMs = nowMs - this.beganMs;
    const topic = writeTwin({ hello: this.me, to: nonce, upMs }, this.parts.prove);
    this.told.set(nonce, { topic, untilMs: nowMs + warnMs });
    this.parts.actions.subscribe(topic);
  }

  /**
   * What a twin says was offered on the event socket.
   *
   * @throws {MeshError} as `readTwin` does
   */
  heard(topic: string, nowMs: number): void {
    const { hello, to, upMs } = readTwin(topic, this.me.mesh, this.parts.prove);
    if (hello.id !== this.me.id || to !== this.me.nonce) return;
    const olderByMs = upMs - (nowMs - this.beganMs);
    const isOlder = Math.abs(olderByMs) > sameMs ? olderByMs > 0 : isYounger(this.me, hello);
    if (isOlder) this.parts.handlers.twin(hello);
  }

  tick(nowMs: number): void {
    for (const [nonce, { untilMs }] of this.told) {
      if (nowMs < untilMs) return;
      this.forget(nonce);
    }
  }

  private forget(nonce: string): void {
    const told = this.told.get(nonce);
    if (told === undefined) return;
    this.told.delete(nonce);
    this.parts.actions.unsubscribe(told.topic);
  }
}
