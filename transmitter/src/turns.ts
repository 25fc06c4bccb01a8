import type { Clock } from "@thynapse/cell-sdk";
import type { MeshError } from "@thynapse/protocol";
import type { Logger } from "pino";
import type { Effect, LinkEffect, Rest } from "./core/effects.js";
import type { TransmitterCore } from "./core/transmitter-core.js";
import { type InProcessHub, isInProcess } from "./in-process.js";
import type { Outgoing } from "./sockets/prober.js";

/** What carries commands to cells. */
export interface CommandWriter {
  send(message: Outgoing): void;
  probe(message: Outgoing): void;
  flush(): Promise<void>;
}

/** What carries events to cells. */
export interface EventWriter {
  publish(head: Buffer, part: Buffer): void;
}

/** What connects to other transmitters. */
export interface LinkWriter {
  dial(address: string): void;
  hangUp(address: string): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  introduce(hello: string): void;
}

/** What the turns of a transmitter need. */
export interface TurnParts {
  readonly core: TransmitterCore;
  readonly clock: Clock;
  readonly command: CommandWriter;
  readonly events: EventWriter;
  readonly links: LinkWriter;
  readonly local: InProcessHub;
  readonly log: Logger;
  /** A cell asked the transmitter to drain. */
  onDrainAsked(): void;
  /** The drain is over. */
  onStopped(rest: Rest): void;
  /** Cells may come. */
  onJoined(isDegraded: boolean): void;
  /** The transmitter must not go on. */
  onEnded(error: MeshError): void;
}

const defect = "a defect of this program";

/**
 * How much later the next deadline must be for a timer that is set to be put off. A heartbeat is
 * often said early, and the timer that was set for it would wake an idle transmitter for nothing.
 * A busy one has other deadlines before its heartbeat, which come and go within this time.
 */
const laterMs = 150;

/** The longest that a timer of Node waits, in ms. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Turns the wheel of a transmitter: carries out what the core wants, and ticks it when something is
 * due.
 *
 * There is one timer for all deadlines, so an idle transmitter wakes up for its heartbeats and
 * nothing else.
 */
export class Turns {
  private readonly parts: TurnParts;
  private cancelTimer: (() => void) | undefined;
  private armedMs = Number.POSITIVE_INFINITY;
  private again = false;
  private running = 0;
  private planned: NodeJS.Immediate | undefined;
  private ended = false;
  /** How late the last tick and the latest one since `takeLatenessMs` were, in ms. */
  private latenessMs = 0;

  constructor(parts: TurnParts) {
    this.parts = parts;
  }

  /** Carries out what the core wants, and resolves when it was written. */
  async run(): Promise<void> {
    this.running++;
    try {
      do {
        this.again = false;
        this.carryOut(this.effects());
        await this.parts.command.flush();
      } while (this.again && !this.ended);
    } catch (error) {
      // A defect; what waits for this turn must not wait for ever.
      this.parts.log.error({ err: error }, defect);
    } finally {
      this.running--;
      this.arm();
    }
  }

  /** Resolves when everything that was carried out is written. */
  written(): Promise<void> {
    return this.parts.command.flush();
  }

  /** Has another turn soon: the core was told something outside of one. */
  soon(): void {
    this.again = true;
    if (this.running > 0 || this.ended) return;
    this.planned ??= setImmediate(() => {
      this.planned = undefined;
      void this.run();
    });
  }

  /** Ticks no more. */
  end(): void {
    this.ended = true;
    this.cancelTimer?.();
    clearImmediate(this.planned);
  }

  /**
   * The longest that a tick came late since the last call, in ms: how long the event loop was held
   * up.
   */
  takeLatenessMs(): number {
    const { latenessMs } = this;
    this.latenessMs = 0;
    return latenessMs;
  }

  private effects(): readonly Effect[] {
    const { core, clock, log } = this.parts;
    try {
      return core.takeEffects(clock.nowMs());
    } catch (error) {
      log.error({ err: error }, defect);
      return [];
    }
  }

  private carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      try {
        this.carryOutOne(effect);
      } catch (error) {
        // A cell of this process may throw; the others still get theirs.
        this.parts.log.error({ err: error }, defect);
      }
    }
  }

  private carryOutOne(effect: Effect): void {
    const { command, events, local } = this.parts;
    switch (effect.kind) {
      case "send":
        if (isInProcess(effect.connection)) local.send(effect.connection, effect.part);
        else command.send(effect);
        break;
      case "publish":
        events.publish(effect.head, effect.part);
        local.publish(effect.head, effect.part);
        break;
      case "probe":
        if (!isInProcess(effect.connection)) command.probe(effect);
        break;
      case "log":
        this.parts.log[effect.level](effect.fields, effect.message);
        break;
      case "drain":
        this.parts.onDrainAsked();
        break;
      case "stopped":
        this.parts.onStopped(effect);
        break;
      case "joined":
        this.parts.onJoined(effect.isDegraded);
        break;
      case "ended":
        this.parts.onEnded(effect.error);
        break;
      default:
        carryOutLink(effect, this.parts.links);
    }
  }

  private arm(): void {
    const dueMs = this.parts.core.nextDeadlineMs;
    const isEarlier = dueMs < this.armedMs;
    const isMuchLater = dueMs > this.armedMs + laterMs && dueMs < Number.POSITIVE_INFINITY;
    if (!(isEarlier || isMuchLater) || this.ended) return;
    this.cancelTimer?.();
    this.armedMs = dueMs;
    // A timer of Node may be up to one ms early, and would then have to be set again.
    const inMs = Math.floor(dueMs - this.parts.clock.nowMs()) + 1;
    this.cancelTimer = this.parts.clock.after(Math.min(Math.max(0, inMs), timerMsMax), this.tick);
  }

  private readonly tick = (): void => {
    const { core, clock, log } = this.parts;
    const nowMs = clock.nowMs();
    this.latenessMs = Math.max(this.latenessMs, nowMs - this.armedMs);
    this.armedMs = Number.POSITIVE_INFINITY;
    // What was due has been done meanwhile.
    if (core.nextDeadlineMs > nowMs) {
      this.arm();
      return;
    }
    try {
      core.tick(nowMs);
    } catch (error) {
      log.error({ err: error }, defect);
    }
    void this.run();
  };
}

function carryOutLink(effect: LinkEffect, links: LinkWriter): void {
  switch (effect.kind) {
    case "dial":
      links.dial(effect.address);
      break;
    case "hangUp":
      links.hangUp(effect.address);
      break;
    case "linkSubscribe":
      links.subscribe(effect.topic);
      break;
    case "linkUnsubscribe":
      links.unsubscribe(effect.topic);
      break;
    case "knock":
      links.introduce(effect.hello);
      break;
  }
}
