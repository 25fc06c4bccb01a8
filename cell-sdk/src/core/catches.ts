import { type Claim, type FieldMap, MeshError } from "@thynapse/protocol";
import { Anycatch } from "./anycatch.js";
import type { AnycatchHost, AnycatchWish } from "./anycatch-host.js";
import { Multicatch, type MulticatchHost } from "./multicatch.js";
import {
  MulticatchSupply,
  type MulticatchSupplyHost,
  type MulticatchWish,
} from "./multicatch-supply.js";
import type { Waiter } from "./outbox-waiters.js";
import { type CatchGrant, writeCommand } from "./wire.js";

/** What the catches need of the cell. */
export interface CatchesHost {
  readonly multicatch: MulticatchHost;
  readonly supply: Omit<MulticatchSupplyHost, "room">;
  readonly anycatch: AnycatchHost;
  command(part: Buffer): void;
  warn(pattern: string, message: string): void;
}

type AnyCatch = Multicatch | Anycatch;

/**
 * The catches of a cell. They outlive connections: on each new one they are asked for again.
 *
 * Several multicatches of one pattern share one catch on the wire; anycatches do not.
 */
export class Catches {
  private readonly host: CatchesHost;
  private readonly multicatches = new Map<string, Multicatch>();
  private readonly anycatches = new Map<string, Anycatch>();
  /** What was asked for on this connection and not answered. */
  private readonly asked = new Map<number, AnyCatch>();
  /** What was granted on this connection. */
  private readonly byNumber = new Map<number, AnyCatch>();
  private readonly byTopic = new Map<string, Multicatch>();
  private readonly dropping = new Map<number, Waiter>();
  private lastRef = 0;
  private isAttached = false;

  constructor(host: CatchesHost) {
    this.host = host;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (const each of this.all()) deadlineMs = Math.min(deadlineMs, each.deadlineMs);
    return deadlineMs;
  }

  /** Deliveries that are held and not settled. */
  get heldCount(): number {
    let held = 0;
    for (const anycatch of this.anycatches.values()) held += anycatch.heldCount;
    return held;
  }

  /** Adds a multicatch; `waiter` hears when it is armed. */
  multicatch(wish: MulticatchWish, waiter: Waiter): MulticatchSupply {
    const known = this.multicatches.get(wish.pattern);
    const multicatch = known ?? new Multicatch(wish.pattern, this.host.multicatch);
    const supply = new MulticatchSupply(wish, {
      ...this.host.supply,
      room: () => multicatch.room(),
    });
    multicatch.add(supply, waiter);
    if (known === undefined) {
      this.multicatches.set(wish.pattern, multicatch);
      if (this.isAttached) this.ask(multicatch);
    }
    return supply;
  }

  /** Adds an anycatch; `waiter` hears when it is granted. @throws {MeshError} `CATCH_EXISTS` */
  anycatch(wish: AnycatchWish, waiter: Waiter): Anycatch {
    if (this.anycatches.has(wish.pattern)) {
      throw new MeshError("CATCH_EXISTS", `this cell already has an anycatch of ${wish.pattern}`);
    }
    const anycatch = new Anycatch(wish, this.host.anycatch);
    anycatch.whenGranted(waiter);
    this.anycatches.set(wish.pattern, anycatch);
    if (this.isAttached) this.ask(anycatch);
    return anycatch;
  }

  /** Ends a multicatch; with the last of its pattern the catch ends on the wire. */
  releaseMulticatch(supply: MulticatchSupply): void {
    const multicatch = this.multicatches.get(supply.pattern);
    multicatch?.remove(supply);
    if (multicatch === undefined || multicatch.isUsed) return;
    const { catchNumber } = multicatch;
    multicatch.end();
    this.multicatches.delete(supply.pattern);
    this.forget(multicatch);
    if (catchNumber !== undefined) this.drop(catchNumber);
  }

  /** Ends an anycatch whose deliveries are settled; `waiter` hears when the transmitter knows. */
  releaseAnycatch(anycatch: Anycatch, waiter: Waiter): void {
    const { catchNumber } = anycatch;
    if (this.anycatches.get(anycatch.pattern) === anycatch) {
      this.anycatches.delete(anycatch.pattern);
    }
    this.forget(anycatch);
    anycatch.end();
    if (catchNumber === undefined) waiter.resolve();
    else {
      this.dropping.set(catchNumber, waiter);
      this.drop(catchNumber);
    }
  }

  /** The cell is attached: everything is asked for. */
  attach(): void {
    this.isAttached = true;
    for (const each of this.all()) this.ask(each);
  }

  detach(): void {
    this.isAttached = false;
    for (const each of this.all()) each.detach();
    this.asked.clear();
    this.byNumber.clear();
    this.byTopic.clear();
    const dropping = [...this.dropping.values()];
    this.dropping.clear();
    for (const waiter of dropping) waiter.resolve();
  }

  /** `CGHT` */
  granted(ref: unknown, grant: CatchGrant, nowMs: number): void {
    const granted = typeof ref === "number" ? this.asked.get(ref) : undefined;
    if (granted === undefined) {
      // It was released before the answer came. Where the pattern was caught again since, the
      // answer to that is on its way, with the same number.
      const { mode, pattern } = grant;
      const isWished = (mode === "multi" ? this.multicatches : this.anycatches).has(pattern);
      if (!isWished) this.drop(grant.catchNumber);
      return;
    }
    this.asked.delete(ref as number);
    this.byNumber.set(grant.catchNumber, granted);
    if (granted.mode === "multi") this.byTopic.set(grant.topic, granted);
    granted.granted(grant, nowMs);
    for (const warning of grant.warnings) this.host.warn(granted.pattern, warning);
  }

  /** `ERRO` to a catch. @returns false if the reference is none of a catch. */
  refused(ref: unknown, error: MeshError): boolean {
    const refused = typeof ref === "number" ? this.asked.get(ref) : undefined;
    if (refused === undefined) return false;
    this.asked.delete(ref as number);
    this.host.warn(refused.pattern, error.message);
    // Who was granted it on an earlier connection keeps it, and asks again on the next one.
    if (!refused.refused(error)) return true;
    if (refused.mode === "multi") this.multicatches.delete(refused.pattern);
    else this.anycatches.delete(refused.pattern);
    return true;
  }

  /** `DRPD` */
  dropped(catchNumber: unknown): void {
    const waiter = this.dropping.get(catchNumber as number);
    this.dropping.delete(catchNumber as number);
    waiter?.resolve();
  }

  multicatchOf(catchNumber: unknown): Multicatch | undefined {
    const found = this.byNumber.get(catchNumber as number);
    return found?.mode === "multi" ? found : undefined;
  }

  anycatchOf(catchNumber: unknown): Anycatch | undefined {
    const found = this.byNumber.get(catchNumber as number);
    return found?.mode === "any" ? found : undefined;
  }

  multicatchOn(topic: string): Multicatch | undefined {
    return this.byTopic.get(topic);
  }

  /** The wire's number of a multicatch, for a reply. */
  numberOf(supply: MulticatchSupply): number | undefined {
    return this.multicatches.get(supply.pattern)?.catchNumber;
  }

  /** [catch, last] of each stream that is armed. */
  streams(): [number, number][] {
    const streams: [number, number][] = [];
    for (const { catchNumber, last } of this.multicatches.values()) {
      if (catchNumber !== undefined && last > 0) streams.push([catchNumber, last]);
    }
    return streams;
  }

  claims(): Claim[] {
    return [...this.anycatches.values()].flatMap((anycatch) => anycatch.claim() ?? []);
  }

  /** Tells the transmitter of credit that has changed. */
  flushCredit(nowMs: number): void {
    for (const anycatch of this.anycatches.values()) {
      const credit = anycatch.creditDue(nowMs);
      if (credit === undefined) continue;
      this.host.command(writeCommand("CRED", { catch: anycatch.catchNumber, credit }));
    }
  }

  tick(nowMs: number): void {
    for (const each of this.all()) if (nowMs >= each.deadlineMs) each.tick(nowMs);
  }

  /** Everything that is caught. */
  all(): AnyCatch[] {
    return [...this.multicatches.values(), ...this.anycatches.values()];
  }

  private ask(wished: AnyCatch): void {
    const ref = ++this.lastRef;
    this.asked.set(ref, wished);
    this.host.command(writeCommand("CTCH", { ref, ...fieldsOf(wished) }));
  }

  private drop(catchNumber: number): void {
    if (this.isAttached) this.host.command(writeCommand("DROP", { catch: catchNumber }));
  }

  private forget(ended: AnyCatch): void {
    for (const map of [this.asked, this.byNumber, this.byTopic]) {
      for (const [key, each] of map as Map<unknown, AnyCatch>) {
        if (each === ended) map.delete(key as never);
      }
    }
  }
}

function fieldsOf(wished: AnyCatch): FieldMap {
  const { mode, pattern } = wished;
  if (wished.mode === "multi") return { mode, pattern };
  const { concurrency, redeliver, affinity, attemptsMax, ackTimeoutMs } = wished.wish;
  const credit = wished.creditWanted;
  return { mode, pattern, concurrency, credit, redeliver, affinity, attemptsMax, ackTimeoutMs };
}
