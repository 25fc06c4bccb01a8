import { type FieldMap, MeshError, toMeshError } from "@thynapse/protocol";
import type { Anycatch } from "./anycatch.js";
import type { AnycatchWish } from "./anycatch-host.js";
import { Asks, type AskTermsKept, type AskWatcher, type PendingAsk } from "./asks.js";
import { Catches } from "./catches.js";
import { catchesHost } from "./catches-host.js";
import type { CaughtEvent } from "./caught-event.js";
import { CellClosing } from "./closing.js";
import { type PackedBody, packBody } from "./delivery.js";
import type { Effect } from "./effects.js";
import type { CoreEnvironment, CoreOptions } from "./environment.js";
import { Inbox } from "./inbox.js";
import { HomeMove } from "./moving.js";
import type { MulticatchSupply, MulticatchWish } from "./multicatch-supply.js";
import { Outbox } from "./outbox.js";
import type { Waiter } from "./outbox-waiters.js";
import { Session } from "./session.js";
import { Settlements } from "./settlements.js";
import type { CellStatus } from "./status.js";
import { writeCommand, type Welcome } from "./wire.js";

/**
 * A cell without sockets, clock and dice: every rule of the SDK, driven from outside.
 *
 * - Say what happens: `start` once; `connected`, `disconnected`, `command`, `events` and `pipe` for
 *   the attachment that the last `attach` effect asked for; `tick` when `nextDeadlineMs` has come.
 *   `nowMs` is monotonic and never falls.
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
export class CellCore {
  readonly outbox: Outbox;
  readonly catches: Catches;
  readonly settlements: Settlements;
  readonly asks = new Asks();
  readonly session: Session;
  readonly closing: CellClosing;
  /** Commands and messages that could not be read. */
  badInputs = 0;
  /** The last time that was told; set it where time goes on without an input, as in handlers. */
  nowMs = 0;
  readonly options: CoreOptions;
  private readonly inbox: Inbox;
  private readonly moving: HomeMove;
  private effects: Effect[] = [];

  constructor(options: CoreOptions, env: CoreEnvironment) {
    this.options = options;
    const { id, service, outboxBytesMax: bytesMax, outboxEventsMax: eventsMax } = options;
    const emit = (effect: Effect): void => {
      if (this.effects.push(effect) === 1) env.due?.("effects");
    };
    const command = (part: Buffer): void => emit({ kind: "command", part });
    this.outbox = new Outbox({
      id,
      service,
      bytesMax,
      eventsMax,
      command,
      wallMs: () => env.wallMs(),
      unheard: (first, last, { code, message }) =>
        this.tell({ kind: "refused", first, last, code, message }),
    });
    this.settlements = new Settlements(command, () => env.due?.("settlements"));
    this.catches = new Catches(catchesHost(this, emit));
    this.session = new Session({
      emit,
      addresses: options.transmitters,
      connectTimeoutMs: options.connectTimeoutMs,
      random: () => env.random(),
      hello: () => this.hello(),
      welcomed: (welcome, same) => this.welcomed(welcome, same),
      detached: () => this.detached(),
      streams: () => this.catches.streams(),
      failed: (error) => this.closing.fail(error),
    });
    this.closing = new CellClosing({ emit, ...this.parts });
    this.moving = new HomeMove({ emit, ...this.parts });
    this.inbox = new Inbox({
      ...this.parts,
      fenced: () => this.closing.fail(fencedError()),
      draining: (nowMs) => this.moving.begin(nowMs),
      stray: ({ code, message }) => this.tell({ kind: "warning", code, message }),
    });
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

  connected(nowMs: number): void {
    this.nowMs = nowMs;
    this.session.connected(nowMs);
  }

  disconnected(reason: string, nowMs: number): void {
    this.nowMs = nowMs;
    this.session.disconnected(reason, nowMs);
    this.check(nowMs);
  }

  /** One part of the command connection. */
  command(part: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    this.session.heard(nowMs);
    this.read(() => this.inbox.command(part, nowMs));
    this.check(nowMs);
  }

  /** One message of the event connection. Hot path. */
  events(head: Buffer, part: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    this.session.heard(nowMs);
    this.read(() => this.inbox.events(head, part, nowMs));
  }

  /** Whether the command connection takes more at present. */
  pipe(open: boolean, nowMs: number): void {
    this.nowMs = nowMs;
    this.outbox.setPipe(open);
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.session.tick(nowMs);
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

  /**
   * Begins an anycatch; `waiter` hears when it is armed. @throws {MeshError} `CLOSED`,
   * `CATCH_EXISTS`
   */
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
    const catchNumber = this.catches.numberOf(supply);
    if (catchNumber === undefined || !this.session.isWelcome) return;
    const name = { catch: catchNumber, to: event.sender, seq: event.seq };
    this.effects.push({
      kind: "command",
      part: writeCommand("RPLY", { ...name, ...replyOf(outcome) }),
    });
  }

  /** Drains and ends the cell; the `closed` status is the last. */
  close(nowMs: number, drainTimeoutMs: number): void {
    this.nowMs = nowMs;
    this.closing.begin(nowMs, drainTimeoutMs);
  }

  /** What waits for quiet: a cell that closes, or that moves. */
  private check(nowMs: number): void {
    this.moving.check(nowMs);
    if (this.closing.state.name !== "open") this.closing.check(nowMs);
  }

  private get parts() {
    const { session, outbox, catches, asks, settlements } = this;
    return { session, outbox, catches, asks, settlements };
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
      // What the other side wrote must not end this process; what this side did wrong must not be
      // hidden.
      const error = toMeshError(thrown);
      this.badInputs++;
      this.tell({ kind: "warning", code: error.code, message: error.message, cause: thrown });
    }
  }

  private hello(): FieldMap {
    const { id, service } = this.options;
    const claims = this.catches.claims().map(({ pattern, held, settled }) => ({
      pattern,
      held: held.map(({ sender, first, last }) => [sender, first, last]),
      settled: settled.map(({ sender, first, last }) => [sender, first, last]),
    }));
    return claims.length === 0 ? { id, service } : { id, service, claims };
  }

  private welcomed({ pub, presence, windowBytes }: Welcome, same: boolean): void {
    const { session } = this;
    this.effects.push({ kind: "openEvents", address: pub });
    this.effects.push({ kind: "subscribe", subscription: `${presence} ` });
    this.catches.attach();
    this.outbox.attach({ number: session.count, windowBytes, same, session: session.count });
  }

  private detached(): void {
    this.outbox.detach();
    this.catches.detach();
    this.settlements.detach();
  }
}

/** An event that asks; `extras` say so. */
export interface AskEvent {
  readonly channel: string;
  readonly data: unknown;
  readonly extras: Uint8Array | undefined;
}

function replyOf(outcome: unknown): FieldMap {
  if (!(outcome instanceof MeshError)) {
    const body: PackedBody = packBody(outcome);
    return { body };
  }
  return { code: outcome.code, message: outcome.reason };
}

function fencedError(): MeshError {
  return new MeshError("ID_TAKEN", "another process took over this cell by its secret");
}
