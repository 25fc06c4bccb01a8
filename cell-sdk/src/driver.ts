import type { CellCore } from "./core/cell-core.js";
import type { Effect, EventSupply, Line } from "./core/effects.js";
import type { ClosedStatus } from "./core/status.js";
import type { StatusSource } from "./status-stream.js";
import { systemClock } from "./clock.js";
import { DrivenLine } from "./driven-line.js";
import type { AttachmentHandlers, Clock, Transport } from "./transport/transport.js";
import { TurnBudget } from "./turn-budget.js";

/** Takes events of one supply when there are some. */
export interface EventTaker {
  /** There are events: take them. */
  run(): void;
}

const deadlineMaxMs = 2_000_000_000;

/**
 * Drives the rules of a cell with a clock, timers and a transport.
 *
 * What is sent goes out at the end of the microtask while nothing is on the wire, else at the end
 * of the turn: each message to the socket's thread costs as much as a hundred events. Settlements
 * go out at the end of the turn, or as soon as nothing is left to handle.
 */
export class CellDriver {
  readonly core: CellCore;
  readonly status: StatusSource;
  readonly clock: Clock;
  readonly budget: TurnBudget;
  /** Resolves with the last status of the cell; never rejects. */
  readonly ended: Promise<ClosedStatus>;
  private readonly transport: Transport;
  private readonly takers = new Map<EventSupply, EventTaker>();
  /** By line. */
  private readonly lines: (DrivenLine | undefined)[] = [];
  private ready: EventSupply[] = [];
  /** A cell that has ended sets no timer again: it would keep the process alive. */
  private hasClosed = false;
  private cancelTimer: (() => void) | undefined;
  private timerMs = Number.POSITIVE_INFINITY;
  /** Whether what the rules want is looked after at the end of what goes on now. */
  private isActing = false;
  private isPerforming = false;
  private isEffectDue = false;
  private isSendDue = false;
  private isTurnDue = false;
  private resolveEnded: ((status: ClosedStatus) => void) | undefined;

  constructor(core: CellCore, transport: Transport, status: StatusSource) {
    this.core = core;
    this.transport = transport;
    this.status = status;
    this.clock = transport.clock ?? systemClock;
    this.budget = new TurnBudget(() => this.clock.nowMs());
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  /** Begins to attach, unless the cell was closed before. */
  start(): void {
    this.act((nowMs) => this.core.start(nowMs));
  }

  /** Does something with the rules, and what follows from it. */
  act<T>(action: (nowMs: number) => T): T {
    const wasActing = this.isActing;
    this.isActing = true;
    try {
      const nowMs = this.clock.nowMs();
      this.core.nowMs = nowMs;
      return action(nowMs);
    } finally {
      this.isActing = wasActing;
      if (!wasActing) this.perform();
    }
  }

  take(supply: EventSupply, taker: EventTaker): void {
    this.takers.set(supply, taker);
  }

  leave(supply: EventSupply): void {
    this.takers.delete(supply);
  }

  /** Something waits that nobody looks after at this time. */
  due(what: "effects" | "settlements"): void {
    if (what === "settlements") this.settled();
    else if (!this.isActing && !this.isPerforming && !this.isEffectDue) {
      this.isEffectDue = true;
      queueMicrotask(this.performDue);
    }
  }

  /** Something is due at this time, perhaps before all else. */
  dueAt(deadlineMs: number): void {
    if (deadlineMs < this.timerMs) this.plan();
  }

  /** Something was sent: it goes out soon, with what else is sent until then. */
  sent(): void {
    if (this.core.hasEffects) this.perform();
    if (this.isSendDue || !this.core.outbox.flushDue) return;
    this.isSendDue = true;
    if (this.core.outbox.isQuiet) queueMicrotask(this.flushSends);
    else setImmediate(this.flushSends);
  }

  /** Something was settled: it goes out at the end of the turn. */
  settled(): void {
    if (this.isTurnDue) return;
    this.isTurnDue = true;
    setImmediate(this.endTurn);
  }

  /** Sends everything now. */
  flush(): void {
    this.act((nowMs) => this.core.flush(nowMs));
  }

  private readonly flushSends = (): void => {
    this.isSendDue = false;
    this.act(() => this.core.flushSends());
  };

  private readonly performDue = (): void => {
    this.isEffectDue = false;
    this.perform();
  };

  private readonly endTurn = (): void => {
    this.isTurnDue = false;
    this.flush();
  };

  /** Does what the rules want, then lets handlers have what is ready. */
  private perform(): void {
    if (this.isPerforming) return;
    this.isPerforming = true;
    let isPlanDue = false;
    try {
      while (this.core.hasEffects) {
        for (const effect of this.core.takeEffects()) {
          isPlanDue ||= effect.kind !== "ready";
          this.performOne(effect);
        }
      }
    } finally {
      this.isPerforming = false;
    }
    if (isPlanDue) this.plan();
    while (this.ready.length > 0) {
      for (const supply of this.ready.splice(0)) this.takers.get(supply)?.run();
    }
  }

  private performOne(effect: Effect): void {
    switch (effect.kind) {
      case "command":
        return this.lines[effect.line]?.command(effect.part);
      case "ready":
        return void this.ready.push(effect.supply);
      case "status":
        this.status.tell(effect.status);
        if (effect.status.kind === "closed") this.close(effect.status);
        return;
      case "subscribe":
        return this.lines[effect.line]?.attachment.subscribe(effect.subscription);
      case "unsubscribe":
        return this.lines[effect.line]?.attachment.unsubscribe(effect.subscription);
      case "openEvents":
        return this.lines[effect.line]?.attachment.openEvents(effect.address);
      case "attach":
        return this.attach(effect);
      case "detach":
        this.lines[effect.line]?.attachment.close();
        this.lines[effect.line] = undefined;
    }
  }

  private attach({ line, address, isOnly }: Extract<Effect, { kind: "attach" }>): void {
    const { core } = this;
    const handlers: AttachmentHandlers = {
      onTrying: (refusals) => this.input((nowMs) => core.trying(refusals, nowMs, line)),
      onConnected: () => this.input((nowMs) => core.connected(nowMs, line)),
      onDisconnected: (reason) => {
        this.lines[line] = undefined;
        this.input((nowMs) => core.disconnected(reason, nowMs, line));
      },
      onCommand: (part) => this.input((nowMs) => core.command(part, nowMs, line)),
      onEvents: (head, part) => this.events(head, part, line),
      onDrain: () => driven.drain(),
    };
    const attachment = this.transport.open(address, handlers, { isOnly });
    const driven = new DrivenLine(attachment, (isOpen) =>
      this.act((nowMs) => core.pipe(isOpen, nowMs, line)),
    );
    this.lines[line] = driven;
  }

  private input(tell: (nowMs: number) => void): void {
    this.act(tell);
    this.plan();
  }

  /** Hot path: a message that brings only events changes no deadline. */
  private events(head: Buffer, part: Buffer, line: Line): void {
    this.isActing = true;
    try {
      this.core.events(head, part, this.clock.nowMs(), line);
    } finally {
      this.isActing = false;
    }
    this.perform();
  }

  /** Sets the one timer. */
  private plan(): void {
    if (this.hasClosed) return;
    const deadlineMs = this.core.nextDeadlineMs;
    if (deadlineMs === this.timerMs) return;
    this.cancelTimer?.();
    this.timerMs = deadlineMs;
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, Math.ceil(deadlineMs - this.clock.nowMs()));
    this.cancelTimer = this.clock.after(Math.min(delayMs, deadlineMaxMs), this.tick);
  }

  private readonly tick = (): void => {
    this.timerMs = Number.NaN;
    this.act((nowMs) => this.core.tick(nowMs));
    this.plan();
  };

  private close(status: ClosedStatus): void {
    this.hasClosed = true;
    this.cancelTimer?.();
    this.timerMs = Number.NaN;
    this.takers.clear();
    this.resolveEnded?.(status);
  }
}
