import { type FieldMap, MeshError, toMeshError } from "@thynapse/protocol";
import type { Anycatch } from "./anycatch.js";
import type { AnycatchWish } from "./anycatch-host.js";
import {
  type AskEvent,
  Asks,
  type AskTermsKept,
  type AskWatcher,
  type PendingAsk,
} from "./asks.js";
import { writeClaim } from "./bounded-claims.js";
import { Catches } from "./catches.js";
import { catchesHost } from "./catches-host.js";
import type { CaughtEvent } from "./caught-event.js";
import { CellClosing, type ClosingHost } from "./closing.js";
import { packOutcome } from "./delivery.js";
import type { Effect, Emit, Line } from "./effects.js";
import type { CoreEnvironment, CoreOptions } from "./environment.js";
import { CellHome, type CellHomeHost } from "./home.js";
import { inboxOf } from "./home-inbox.js";
import type { Inbox } from "./inbox.js";
import { HomeMove, type MovingHost } from "./moving.js";
import type { MulticatchSupply, MulticatchWish } from "./multicatch-supply.js";
import { Outbox } from "./outbox.js";
import type { Waiter } from "./outbox-waiters.js";
import type { Session } from "./session.js";
import { SessionHistory } from "./session-history.js";
import type { Settlements } from "./settlements.js";
import type { CellStatus } from "./status.js";
import type { Welcome } from "./wire.js";

/**
 * A cell without sockets, clock and dice: every rule of the SDK, driven from outside.
 *
 * - Say what happens: `start` once; `connected`, `disconnected`, `command`, `events` and `pipe` for
 *   the attachment that the last `attach` effect of that line asked for; `tick` when
 *   `nextDeadlineMs` has come. `nowMs` is monotonic and never falls.
 * - After each of these, and after whatever the application does, do what `takeEffects` returns, in
 *   order.
 * - After `send`: `flushSends`, soon, if `outbox.flushDue`. After settlements: `flush`, at the end
 *   of the turn.
 * - After a `ready` effect call `take` of the supply until it gives nothing. For each event of a
 *   multicatch call `finished()` when its handler is done; for each delivery of an anycatch settle
 *   it (`ack`, `nack`, `release`, `reject`), call `finished(delivery)` when its handler is done,
 *   and then `take` again.
 * - Callbacks (`Waiter`, `ConfirmWatcher`, `AskWatcher`) are called in the midst of an input: they
 *   may note, not act.
 */
export class CellCore implements CellHomeHost, ClosingHost, MovingHost {
  readonly outbox: Outbox;
  readonly catches: Catches;
  readonly asks = new Asks();
  readonly closing: CellClosing;
  readonly moving: HomeMove;
  readonly history: SessionHistory;
  readonly emit: Emit;
  /** Commands and messages that could not be read. */
  badInputs = 0;
  /** The last time that was told; set it where time goes on without an input, as in handlers. */
  nowMs = 0;
  readonly options: CoreOptions;
  readonly env: CoreEnvironment;
  private present: CellHome;
  private readonly inboxes: Inbox[] = [];
  private effects: Effect[] = [];

  constructor(options: CoreOptions, env: CoreEnvironment) {
    this.options = options;
    this.env = env;
    const { id, service, outboxBytesMax: bytesMax, outboxEventsMax: eventsMax } = options;
    this.emit = (effect) => {
      if (this.effects.push(effect) === 1) env.due?.("effects");
    };
    this.history = new SessionHistory(options.transmitters, () => env.random());
    this.outbox = new Outbox({
      id,
      service,
      bytesMax,
      eventsMax,
      command: (part) => this.present.command(part),
      wallMs: () => env.wallMs(),
      unheard: (first, last, { code, message }) =>
        this.tell({ kind: "refused", first, last, code, message }),
    });
    this.present = new CellHome(0, this);
    this.catches = new Catches(catchesHost(this), this.present);
    this.closing = new CellClosing(this);
    this.moving = new HomeMove(this);
    this.inboxes[0] = inboxOf(this.present, this);
  }

  /** The transmitter that the cell is attached to, or tries to be. */
  get home(): CellHome {
    return this.present;
  }

  get session(): Session {
    return this.present.session;
  }

  get settlements(): Settlements {
    return this.present.settlements;
  }

  get hasEffects(): boolean {
    return this.effects.length > 0;
  }

  /** When `tick` is due; infinite if never. A cell that has ended keeps no program alive. */
  get nextDeadlineMs(): number {
    if (this.closing.state.name === "closed") return Number.POSITIVE_INFINITY;
    return Math.min(
      this.session.deadlineMs,
      this.outbox.deadlineMs,
      this.catches.deadlineMs,
      this.asks.deadlineMs,
      this.closing.deadlineMs,
      this.moving.deadlineMs,
    );
  }

  takeEffects(): readonly Effect[] {
    const { effects } = this;
    if (effects.length > 0) this.effects = [];
    return effects;
  }

  start(nowMs: number): void {
    this.nowMs = nowMs;
    this.session.start(nowMs);
  }

  /** @see Session.trying */
  trying(refusals: number, nowMs: number, line = this.present.line): void {
    this.homeOf(line)?.session.trying(refusals, nowMs);
  }

  connected(nowMs: number, line = this.present.line): void {
    this.nowMs = nowMs;
    this.homeOf(line)?.session.connected(nowMs);
  }

  disconnected(reason: string, nowMs: number, line = this.present.line): void {
    this.nowMs = nowMs;
    this.homeOf(line)?.session.disconnected(reason, nowMs);
    this.check(nowMs);
  }

  /** One part of the command connection. */
  command(part: Buffer, nowMs: number, line = this.present.line): void {
    this.nowMs = nowMs;
    this.homeOf(line)?.session.heard(nowMs);
    this.read(() => this.inboxes[line]?.command(part, nowMs));
    this.check(nowMs);
  }

  /** One message of the event connection. Hot path. */
  events(head: Buffer, part: Buffer, nowMs: number, line = this.present.line): void {
    this.nowMs = nowMs;
    this.homeOf(line)?.session.heard(nowMs);
    this.read(() => this.inboxes[line]?.events(head, part, nowMs));
    if (this.moving.former !== undefined) this.check(nowMs);
  }

  /** Whether the command connection takes more at present. */
  pipe(open: boolean, nowMs: number, line = this.present.line): void {
    this.nowMs = nowMs;
    if (line === this.present.line) this.outbox.setPipe(open);
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.session.tick(nowMs);
    this.moving.tick(nowMs);
    this.outbox.tick(nowMs);
    this.catches.tick(nowMs);
    this.asks.tick(nowMs);
    this.check(nowMs);
  }

  /** Sends what was begun by `send`. */
  flushSends(): void {
    if (this.outbox.flushDue) this.outbox.flush();
  }

  /** Sends all that a turn has gathered: events, settlements, credit. */
  flush(nowMs: number): void {
    this.nowMs = nowMs;
    this.flushSends();
    this.moving.former?.home.settlements.flush();
    if (this.session.isWelcome) {
      this.settlements.flush();
      this.catches.flushCredit(nowMs);
    }
    this.check(nowMs);
  }

  /** Begins a multicatch; `waiter` hears when it is armed. @throws {MeshError} `CLOSED` */
  multicatch(wish: MulticatchWish, waiter: Waiter): MulticatchSupply {
    this.checkOpen();
    return this.catches.multicatch(wish, waiter);
  }

  /** The same, of an anycatch. @throws {MeshError} `CLOSED`, `CATCH_EXISTS` */
  anycatch(wish: AnycatchWish, waiter: Waiter): Anycatch {
    this.checkOpen();
    return this.catches.anycatch(wish, waiter);
  }

  /** Sends an event that asks, and waits for the answer. @throws {MeshError} as `Outbox.send`. */
  ask(event: AskEvent, terms: AskTermsKept, watcher: AskWatcher): PendingAsk {
    this.checkOpen();
    const destination = this.outbox.sendAsk(event.channel, event.data, event.extras);
    return this.asks.add({ destination, index: this.outbox.lastIndex }, terms, watcher, this.nowMs);
  }

  /** Replies to a gather that a multicatch got: with a body, or with the error of the handler. */
  replyToGather(supply: MulticatchSupply, event: CaughtEvent, outcome: unknown): void {
    const name = { to: event.sender, seq: event.seq };
    this.catches.reply(supply, { ...name, ...packOutcome(outcome) });
  }

  /** Drains and ends the cell; the `closed` status is the last. */
  close(nowMs: number, drainTimeoutMs: number): void {
    this.nowMs = nowMs;
    this.closing.begin(nowMs, drainTimeoutMs);
  }

  /** @internal Another home, which is not attached, in the place of the present one. */
  replaceHome(): CellHome {
    const line = this.present.line === 0 ? 1 : 0;
    this.present = new CellHome(line, this);
    this.inboxes[line] = inboxOf(this.present, this);
    return this.present;
  }

  /** @internal */
  hello(): FieldMap {
    const { id, service } = this.options;
    const claims = this.catches.claims().map(writeClaim);
    return claims.length === 0 ? { id, service } : { id, service, claims };
  }

  /** @internal */
  welcomed(home: CellHome, { pub, presence, windowBytes }: Welcome, same: boolean): void {
    home.openEvents(pub);
    home.subscribe(presence);
    this.catches.attach();
    this.outbox.attach({ number: home.attachment, windowBytes, same, session: home.attachment });
  }

  /** @internal */
  detached(home: CellHome): void {
    if (home !== this.present) return;
    this.outbox.detach();
    this.catches.detach();
    home.settlements.detach();
  }

  /** @internal */
  streams(home: CellHome): readonly (readonly [number, number])[] {
    if (home === this.present) return this.catches.streams();
    return this.moving.former?.catches.streamsRead() ?? [];
  }

  /** @internal */
  failed(error: MeshError): void {
    this.closing.fail(error);
  }

  /** What waits for quiet: a cell that closes, or that moves. */
  private check(nowMs: number): void {
    this.moving.check(nowMs);
    if (this.closing.state.name !== "open") this.closing.check(nowMs);
  }

  private homeOf(line: Line): CellHome | undefined {
    if (line === this.present.line) return this.present;
    return this.moving.former?.home;
  }

  private checkOpen(): void {
    if (this.closing.state.name !== "open") throw new MeshError("CLOSED", "the cell is closed");
  }

  private tell(status: CellStatus): void {
    this.effects.push({ kind: "status", status });
  }

  private read(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      // What the other side wrote must not end this process; our own mistakes must not be hidden.
      const error = toMeshError(thrown);
      this.badInputs++;
      this.tell({ kind: "warning", code: error.code, message: error.message, cause: thrown });
    }
  }
}
