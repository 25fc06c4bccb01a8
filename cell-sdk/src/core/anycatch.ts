import type { MeshError, Outcome, Run } from "@thynapse/protocol";
import type { AnycatchHost, AnycatchWish } from "./anycatch-host.js";
import { AnycatchHomes } from "./anycatch-homes.js";
import { AutoCredit } from "./auto-credit.js";
import type { CatchHome } from "./catch-home.js";
import type { WholeClaim } from "./bounded-claims.js";
import { ClaimBook, type KeptSettlement, type RepeatedDelivery } from "./claims.js";
import {
  type DeliveryBatch,
  type DeliveryHost,
  type HeldDelivery,
  makeDelivery,
  type PackedBody,
  type SettlementDetail,
} from "./delivery.js";
import type { EventSupply } from "./effects.js";
import { KnownDeliveries, type KnownHost } from "./known-deliveries.js";
import type { Waiter } from "./outbox-waiters.js";
import { RunningDeliveries } from "./running-deliveries.js";
import { WaitingDeliveries } from "./waiting-deliveries.js";
import type { CatchGrant } from "./wire.js";

/** How long what came in an earlier attachment may take to get its new name: §10.9. */
const orphanMs = 5000;

/**
 * One pattern that this cell catches in mode any: what it was given, what runs, and what became of
 * it.
 *
 * Whoever runs the handlers calls `take` until it gives nothing, settles each delivery, and calls
 * `finished` when its handler is done. After a `ready` effect there is something to take again.
 *
 * @see PROTOCOL.md §10
 */
export class Anycatch implements EventSupply, DeliveryHost, KnownHost {
  readonly mode = "any";
  readonly wish: AnycatchWish;
  badEvents = 0;
  private readonly host: AnycatchHost;
  private readonly waiting: WaitingDeliveries;
  private readonly running = new RunningDeliveries();
  private readonly claims = new ClaimBook();
  private readonly known: KnownDeliveries;
  private readonly credit: AutoCredit;
  /** When orphans have waited long enough to come again. */
  private orphansUntilMs = Number.POSITIVE_INFINITY;
  private isAnnounced = false;
  private readonly homes = new AnycatchHomes();
  private readonly waiters: Waiter[] = [];
  private readonly idle: (() => void)[] = [];

  constructor(wish: AnycatchWish, host: AnycatchHost) {
    this.wish = wish;
    this.host = host;
    this.waiting = new WaitingDeliveries(wish.affinity === true, (run, index, batch) =>
      this.make(run, index, batch),
    );
    this.known = new KnownDeliveries(this, this.running, this.waiting, this.claims);
    this.credit = new AutoCredit(wish.concurrency, wish.credit);
  }

  get pattern(): string {
    return this.wish.pattern;
  }

  get catchNumber(): number | undefined {
    return this.homes.current?.catchNumber;
  }

  /** Settlements that are not confirmed, besides plain acks. */
  get keptCount(): number {
    return this.claims.keptCount;
  }

  /** Deliveries that are held and not settled. */
  get heldCount(): number {
    return this.credit.heldCount;
  }

  /** Handlers that run. */
  get runningCount(): number {
    return this.running.count;
  }

  /** The credit to ask for with the catch. */
  get creditWanted(): number {
    // What the home that is being left may still give would be beyond the credit of both.
    this.homes.former?.tellCredit(0);
    this.credit.elsewhere = this.heldAtFormer;
    return this.credit.tell();
  }

  /** Deliveries of the home that the cell is leaving which are not settled. */
  get heldAtFormer(): number {
    const { former } = this.homes;
    return former === undefined ? 0 : this.known.heldOf(former.attachment);
  }

  /** The credit that the transmitter should be told of; `undefined` if it knows. */
  creditDue(nowMs: number): number | undefined {
    if (this.homes.current === undefined) return undefined;
    this.credit.elsewhere = this.heldAtFormer;
    return this.credit.due(nowMs);
  }

  /** Tells the transmitter of the credit that is due. */
  tellCredit(credit: number): void {
    this.homes.current?.tellCredit(credit);
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.orphansUntilMs;
  }

  whenGranted(waiter: Waiter): void {
    this.waiters.push(waiter);
  }

  granted({ catchNumber }: CatchGrant, home: CatchHome, nowMs: number): void {
    const isNew = this.homes.granted(catchNumber, home, (delivery, isTaken) =>
      this.claims.confirmed(delivery, isTaken, this.host.nowMs()),
    );
    if (!isNew) return;
    this.orphansUntilMs = nowMs + orphanMs;
    for (const waiter of this.waiters.splice(0)) waiter.resolve();
    this.host.armed(this.pattern);
  }

  /** The transmitter refuses the catch. @returns whether it never stood. */
  refused(error: MeshError): boolean {
    const waiters = this.waiters.splice(0);
    for (const waiter of waiters) waiter.reject(error);
    return waiters.length > 0;
  }

  /** The connection is lost; handlers that run go on. */
  detach(): void {
    const { homes } = this;
    if (homes.current === undefined) return;
    homes.current = undefined;
    this.orphansUntilMs = Number.POSITIVE_INFINITY;
    this.credit.lost(this.waiting.orphan(homes.former?.attachment));
  }

  /** The cell turns to another home; what it holds it settles at the one that it leaves. */
  split(): void {
    this.homes.split();
    this.orphansUntilMs = Number.POSITIVE_INFINITY;
  }

  /** The former home is gone, or nothing of it is held any more. */
  forgetFormer(nowMs: number): void {
    const { homes } = this;
    homes.former = undefined;
    this.credit.lost(this.waiting.orphan(homes.current?.attachment));
    if (homes.current !== undefined) this.orphansUntilMs = nowMs + orphanMs;
  }

  tick(nowMs: number): void {
    if (nowMs < this.orphansUntilMs) return;
    this.orphansUntilMs = Number.POSITIVE_INFINITY;
    this.waiting.dropOrphans();
    this.claims.forgetAllBut((attachment) => this.homes.isKnown(attachment));
    this.running.forEach((delivery) => {
      if (this.homes.of(delivery) !== undefined || delivery.state !== "held") return;
      delivery.takeBack();
      this.credit.lost(1);
    });
  }

  /** Takes in the deliveries of a run. */
  deliver(batch: DeliveryBatch, run: Run, isClaimed: boolean): void {
    const nowMs = this.host.nowMs();
    const mayBeKnown = batch.repeat || isClaimed || batch.attempt > 1;
    const known = mayBeKnown ? this.known.of({ run, batch, isClaimed }) : undefined;
    this.claims.heard(run, nowMs);
    this.credit.took(run.count - (known?.size ?? 0), nowMs);
    this.waiting.push(run, batch, known);
    if (this.credit.isPaused && this.wish.redeliver !== false) this.releaseWaiting();
    else this.announce();
  }

  /** The transmitter takes deliveries back. */
  back(name: { origin: string; attempt: number }, first: number, count: number): void {
    const last = first + count - 1;
    let taken = this.waiting.removeNumbers(name, first, last);
    taken += this.running.takeBack(name, first, last);
    this.credit.gave(taken, this.host.nowMs());
  }

  /** Takes the next delivery for a handler; nothing while as many run as may. */
  take(): HeldDelivery | undefined {
    if (this.running.count >= this.wish.concurrency || this.credit.isPaused) return undefined;
    const delivery = this.waiting.take();
    if (delivery === undefined) {
      this.isAnnounced = false;
      this.credit.ranDry(this.host.nowMs());
    } else this.running.add(delivery);
    return delivery;
  }

  /** The handler of a delivery is done. */
  finished(delivery: HeldDelivery): void {
    this.running.remove(delivery);
    this.waiting.finished(delivery);
    if (this.idle.length === 0 || this.running.count > 0) return;
    for (const told of this.idle.splice(0)) told();
  }

  /** Calls `told` when no handler runs. */
  whenIdle(told: () => void): void {
    if (this.running.count === 0) told();
    else this.idle.push(told);
  }

  settle(delivery: HeldDelivery, outcome: Outcome, detail: SettlementDetail | undefined): void {
    const nowMs = this.host.nowMs();
    this.credit.gave(1, nowMs);
    if (outcome === "ack" && detail === undefined) this.claims.acked(delivery, nowMs);
    else this.claims.keep(delivery, outcome, detail);
    this.homes.settle(delivery, outcome, detail);
  }

  again(repeated: RepeatedDelivery, kept: KeptSettlement | undefined): void {
    if (kept === undefined) this.homes.plain("ack", repeated);
    else {
      kept.delivery.rename(repeated.batch, repeated.index);
      this.homes.settle(kept.delivery, kept.outcome, kept.detail);
    }
  }

  giveBack(repeated: RepeatedDelivery): void {
    this.homes.plain("release", repeated);
  }

  leftLine(): void {
    this.credit.lost(1);
  }

  progress(delivery: HeldDelivery): void {
    this.homes.say("PROG", delivery, {});
  }

  reply(delivery: HeldDelivery, index: number, body: PackedBody): void {
    this.homes.say("RPLY", delivery, { index, body });
  }

  /**
   * What this cell holds and has settled. Not what it settles at its home, or at the one that it is
   * leaving.
   */
  claim(): WholeClaim {
    const { claims, known, pattern } = this;
    const isKnown = (attachment: number): boolean => this.homes.isKnown(attachment);
    return claims.claim(pattern, (visit) => known.forEachHeld(isKnown, visit), isKnown);
  }

  /** Begins nothing more, and gives back what would not be a dead letter by that (§10.7). */
  pause(): void {
    this.credit.isPaused = true;
    if (this.wish.redeliver !== false) this.releaseWaiting();
  }

  resume(): void {
    this.credit.isPaused = false;
    this.isAnnounced = false;
    this.announce();
  }

  /** Gives back what was not begun. */
  releaseWaiting(): void {
    for (const delivery of this.waiting.takeAll()) delivery.release();
  }

  /** Aborts the signals of what still runs. */
  abandon(error: MeshError): void {
    this.running.forEach((delivery) => delivery.abandon(error));
  }

  end(): void {
    this.homes.end();
  }

  private announce(): void {
    if (this.isAnnounced || this.waiting.count === 0) return;
    this.isAnnounced = true;
    this.host.ready(this);
  }

  /** Makes a delivery; one whose body cannot be decoded is rejected instead. */
  private make(run: Run, index: number, batch: DeliveryBatch): HeldDelivery | undefined {
    const { delivery, error } = makeDelivery(run, index, { host: this, batch });
    if (error === undefined) return delivery;
    this.badEvents++;
    this.host.bad(this.pattern, error);
    delivery.reject(error.message);
    return undefined;
  }
}
