import { type Claim, type FieldMap, MeshError } from "@thynapse/protocol";
import { Anycatch } from "./anycatch.js";
import type { AnycatchHost, AnycatchWish } from "./anycatch-host.js";
import { boundedClaims } from "./bounded-claims.js";
import { Multicatch, type MulticatchHost } from "./multicatch.js";
import {
  MulticatchSupply,
  type MulticatchSupplyHost,
  type MulticatchWish,
} from "./multicatch-supply.js";
import type { CatchHome } from "./catch-home.js";
import { CatchTable, type CatchTableHost } from "./catch-table.js";
import { FormerCatches } from "./former-catches.js";
import type { Waiter } from "./outbox-waiters.js";
import type { StreamSink } from "./stream-side.js";
import type { CatchGrant } from "./wire.js";

/** What the catches need of the cell. */
export interface CatchesHost {
  readonly multicatch: Omit<MulticatchHost, "prove">;
  readonly supply: Omit<MulticatchSupplyHost, "room">;
  readonly anycatch: AnycatchHost;
  warn(pattern: string, message: string): void;
}

/**
 * How long until one refused catch that stood before is asked for again: half of the errors that a
 * connection may make.
 *
 * @see PROTOCOL.md §15
 */
const askAgainMs = 1000;

type AnyCatch = Multicatch | Anycatch;

/**
 * The catches of a cell. They outlive connections: on each new one they are asked for again.
 *
 * Several multicatches of one pattern share one catch on the wire; anycatches do not.
 */
export class Catches implements CatchTableHost {
  private readonly host: CatchesHost;
  private readonly multicatchHost: MulticatchHost;
  private readonly multicatches = new Map<string, Multicatch>();
  private readonly anycatches = new Map<string, Anycatch>();
  private table: CatchTable;
  /** At the home that the cell is leaving. */
  private former: FormerCatches | undefined;
  /** What stood before, and is refused for now, in the order in which it is asked for again. */
  private readonly refusals = new Set<AnyCatch>();
  private askAgainAtMs = Number.POSITIVE_INFINITY;

  constructor(host: CatchesHost, home: CatchHome) {
    this.host = host;
    this.multicatchHost = { ...host.multicatch, prove: (stream) => this.former?.prove(stream) };
    this.table = new CatchTable(home, this);
  }

  /** What the home knows of them. */
  get atHome(): CatchTable {
    return this.table;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    let deadlineMs = this.askAgainAtMs;
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
    const multicatch = known ?? new Multicatch(wish.pattern, this.multicatchHost);
    const supply = new MulticatchSupply(wish, {
      ...this.host.supply,
      room: () => multicatch.room(),
    });
    multicatch.add(supply, waiter);
    if (known === undefined) {
      this.multicatches.set(wish.pattern, multicatch);
      this.ask(multicatch);
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
    this.ask(anycatch);
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
    this.refusals.delete(multicatch);
    this.table.forget(multicatch);
    if (catchNumber !== undefined) this.table.drop(catchNumber);
  }

  /** Ends an anycatch whose deliveries are settled; `waiter` hears when the transmitter knows. */
  releaseAnycatch(anycatch: Anycatch, waiter: Waiter): void {
    const { catchNumber } = anycatch;
    if (this.anycatches.get(anycatch.pattern) === anycatch) {
      this.anycatches.delete(anycatch.pattern);
    }
    this.refusals.delete(anycatch);
    this.table.forget(anycatch);
    anycatch.end();
    if (catchNumber === undefined) waiter.resolve();
    else this.table.drop(catchNumber, waiter);
  }

  /** The cell is attached: everything is asked for. */
  attach(): void {
    this.table.open();
    this.forgetRefusals();
    for (const each of this.all()) this.ask(each);
  }

  detach(): void {
    for (const each of this.all()) each.detach();
    this.table.clear();
    this.forgetRefusals();
  }

  /** The cell turns to another home; what it has at the former one it brings to its end. */
  split(home: CatchHome): FormerCatches {
    const former = new FormerCatches(this.table, [...this.anycatches.values()]);
    for (const multicatch of this.multicatches.values()) former.take(multicatch);
    for (const anycatch of this.anycatches.values()) anycatch.split();
    this.table.forgetAsked();
    this.forgetRefusals();
    this.former = former;
    this.table = new CatchTable(home, this);
    return former;
  }

  /** The former home is left, or gone. */
  forgetFormer(nowMs: number): void {
    this.former?.end(nowMs);
    this.former = undefined;
  }

  isWished({ mode, pattern }: CatchGrant): boolean {
    return (mode === "multi" ? this.multicatches : this.anycatches).has(pattern);
  }

  refused({ mode, pattern }: AnyCatch | StreamSink): void {
    if (mode === "multi") this.multicatches.delete(pattern);
    else this.anycatches.delete(pattern);
  }

  askLater(wished: AnyCatch | StreamSink): void {
    const known = this.all().find((each) => each === wished);
    if (known === undefined) return;
    this.refusals.add(known);
    if (this.refusals.size === 1) this.askAgainAtMs = this.host.multicatch.nowMs() + askAgainMs;
  }

  warn(pattern: string, message: string): void {
    this.host.warn(pattern, message);
  }

  /** Replies to a gather that a multicatch got. */
  reply(supply: MulticatchSupply, fields: FieldMap): void {
    this.multicatches.get(supply.pattern)?.reply(fields);
  }

  /** [catch, last] of each stream that is armed. */
  streams(): [number, number][] {
    const streams: [number, number][] = [];
    for (const { catchNumber, last } of this.multicatches.values()) {
      if (catchNumber !== undefined && last > 0) streams.push([catchNumber, last]);
    }
    return streams;
  }

  /** What the cell claims of all its anycatches, as far as one `HELO` has room for it. */
  claims(): Claim[] {
    return boundedClaims([...this.anycatches.values()].map((anycatch) => anycatch.claim()));
  }

  /** Tells the transmitter of credit that has changed. */
  flushCredit(nowMs: number): void {
    for (const anycatch of this.anycatches.values()) {
      const credit = anycatch.creditDue(nowMs);
      if (credit === undefined) continue;
      anycatch.tellCredit(credit);
    }
  }

  tick(nowMs: number): void {
    if (nowMs >= this.askAgainAtMs) this.askAgain(nowMs);
    for (const each of this.all()) if (nowMs >= each.deadlineMs) each.tick(nowMs);
  }

  /** Everything that is caught. */
  all(): AnyCatch[] {
    return [...this.multicatches.values(), ...this.anycatches.values()];
  }

  private askAgain(nowMs: number): void {
    const [first] = this.refusals;
    if (first !== undefined) {
      this.refusals.delete(first);
      this.ask(first);
    }
    this.askAgainAtMs = this.refusals.size > 0 ? nowMs + askAgainMs : Number.POSITIVE_INFINITY;
  }

  private forgetRefusals(): void {
    this.refusals.clear();
    this.askAgainAtMs = Number.POSITIVE_INFINITY;
  }

  private ask(wished: AnyCatch): void {
    if (this.table.isAttached) this.table.ask(wished, fieldsOf(wished));
  }
}

function fieldsOf(wished: AnyCatch): FieldMap {
  const { mode, pattern } = wished;
  if (wished.mode === "multi") return { mode, pattern };
  const { concurrency, redeliver, affinity, attemptsMax, ackTimeoutMs } = wished.wish;
  const credit = wished.creditWanted;
  return { mode, pattern, concurrency, credit, redeliver, affinity, attemptsMax, ackTimeoutMs };
}
