import { type ErrorCode, type FieldMap, MeshError, protocolVersion } from "@thynapse/protocol";
import type { Emit } from "./effects.js";
import { Reconnect } from "./reconnect.js";
import { followers, type SessionState } from "./session-state.js";
import { readWelcome, type Welcome, writeCommand } from "./wire.js";

/** What a session needs of its cell. */
export interface SessionHost {
  readonly emit: Emit;
  readonly addresses: readonly string[];
  readonly connectTimeoutMs: number;
  random(): number;
  /**
   * Who the cell is and what it claims: the fields of `HELO` besides `v`, `session` and `secret`.
   */
  hello(): FieldMap;
  /** Attached. `same`: to the very transmitter, and start of it, that it was attached to before. */
  welcomed(welcome: Welcome, same: boolean): void;
  /** No longer attached. */
  detached(): void;
  /** [catch, last] of each stream, for a heartbeat. */
  streams(): readonly (readonly [number, number])[];
  /** It cannot go on: refused for good, or no transmitter answers. */
  failed(error: MeshError): void;
}

/** How long a connection may take to be made; less if another transmitter could be tried. */
const connectMs = 1000;
const connectQuickMs = 300;
/** How long a welcome may take. */
const helloMs = 2000;
const suspectMs = 1000;
const silenceMs = 2000;
const leaveMs = 500;
/**
 * Heartbeats that a cell waits for one of the transmitter, to answer it, before it says its own.
 */
const beatPatience = 1.5;
/**
 * A tick that comes later than this was held up by this process itself: its own silence says
 * nothing of others.
 */
const pauseMs = 500;

/** Refusals of `HELO` that no other try could change. */
const finalCodes: readonly ErrorCode[] = [
  "BAD_VERSION",
  "BAD_SERVICE",
  "BAD_ID",
  "BAD_PAYLOAD",
  "DENIED",
  "MESH_MISMATCH",
];

/**
 * The attachment of a cell to one transmitter after another.
 *
 * @see PROTOCOL.md §1.2, §2.5, §9
 */
export class Session {
  /** Attachments so far. */
  count = 0;
  private helloCount = 0;
  private readonly host: SessionHost;
  private readonly reconnect: Reconnect;
  private current: SessionState = { name: "idle" };
  private home: Welcome | undefined;
  private failsAtMs = Number.POSITIVE_INFINITY;
  private heardMs = 0;
  private beatDueMs = 0;
  private tickedMs = 0;
  private isSuspect = false;

  constructor(host: SessionHost) {
    this.host = host;
    this.reconnect = new Reconnect(host.addresses, () => host.random());
  }

  get state(): SessionState {
    return this.current;
  }

  get isWelcome(): boolean {
    return this.current.name === "welcome";
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    const { current } = this;
    if (current.name === "welcome") {
      return Math.min(this.beatDueMs, this.heardMs + (this.isSuspect ? silenceMs : suspectMs));
    }
    if (current.name === "idle" || current.name === "closed") return Number.POSITIVE_INFINITY;
    return Math.min(current.untilMs, this.failsAtMs);
  }

  start(nowMs: number): void {
    this.failsAtMs = nowMs + this.host.connectTimeoutMs;
    this.tickedMs = nowMs;
    this.attach(nowMs);
  }

  /** The command connection stands. */
  connected(nowMs: number): void {
    if (this.current.name !== "connecting") return;
    this.enter({ name: "hello", address: this.current.address, untilMs: nowMs + helloMs });
    this.helloCount++;
    const secret = this.home === undefined ? {} : { secret: this.home.secret };
    const hello = { v: protocolVersion, session: this.count + 1, ...secret, ...this.host.hello() };
    this.host.emit({ kind: "command", part: writeCommand("HELO", hello) });
  }

  /** The attachment has ended by itself. */
  disconnected(reason: string, nowMs: number): void {
    if (this.current.name === "leaving") this.close();
    else if (this.isAttached) this.pause(reason, nowMs);
  }

  /** Something came from the transmitter. */
  heard(nowMs: number): void {
    this.heardMs = nowMs;
    this.isSuspect = false;
  }

  /** `WLCM` @throws {MeshError} if it cannot be read. */
  welcome(map: FieldMap, nowMs: number): void {
    if (this.current.name !== "hello") return;
    const welcome = readWelcome(map);
    const { address } = this.current;
    const before = this.home;
    const same = before?.id === welcome.id && before.incarnation === welcome.incarnation;
    this.enter({ name: "welcome", address, welcome });
    this.count++;
    this.home = welcome;
    this.failsAtMs = Number.POSITIVE_INFINITY;
    this.beatDueMs = nowMs + welcome.heartbeatMs * beatPatience;
    this.reconnect.succeeded();
    this.reconnect.learn(welcome.transmitters);
    const { id: transmitter, mesh } = welcome;
    const session = this.count;
    this.host.emit({
      kind: "status",
      status: { kind: "welcome", address, transmitter, mesh, session },
    });
    this.host.welcomed(welcome, same);
  }

  /** The transmitter refuses `HELO`, or does not know this connection. */
  refused(error: MeshError, nowMs: number): void {
    if (!this.isAttached) return;
    // If an earlier HELO was taken and its answer lost, this cell itself has the id, until it is
    // found dead.
    const isOthers = error.code === "ID_TAKEN" && this.helloCount === 1;
    const isFinal = finalCodes.includes(error.code) || isOthers;
    if (this.current.name === "hello" && isFinal) {
      this.close();
      this.host.failed(error);
      return;
    }
    this.host.emit({ kind: "detach" });
    this.pause(error.message, nowMs);
  }

  /** Turns to another transmitter, if there is one. @returns false if there is none. */
  move(nowMs: number): boolean {
    if (this.current.name !== "welcome" || !this.reconnect.hasOther) return false;
    this.reconnect.rotate();
    this.host.emit({ kind: "detach" });
    this.pause("the transmitter drains", nowMs);
    return true;
  }

  /** Says farewell, and closes when it is answered. */
  leave(nowMs: number): void {
    if (this.current.name !== "welcome") {
      this.close();
      return;
    }
    this.enter({ name: "leaving", untilMs: nowMs + leaveMs });
    this.host.emit({ kind: "command", part: writeCommand("GBYE", {}) });
  }

  /** Ends at once. */
  close(): void {
    if (this.current.name === "closed") return;
    const wasAttached = this.isAttached || this.current.name === "leaving";
    this.enter({ name: "closed" });
    if (wasAttached) this.host.emit({ kind: "detach" });
  }

  tick(nowMs: number): void {
    const pausedMs = nowMs - this.tickedMs;
    this.tickedMs = nowMs;
    if (pausedMs > pauseMs && this.deadlineMs < nowMs - pauseMs) {
      this.heardMs = Math.min(nowMs, this.heardMs + pausedMs);
    }
    const { current } = this;
    if (nowMs >= this.failsAtMs && current.name !== "closed") this.unreachable();
    else if (current.name === "welcome") this.watch(current.welcome, nowMs);
    else if (current.name === "idle" || current.name === "closed" || nowMs < current.untilMs)
      return;
    else if (current.name === "waiting") this.attach(nowMs);
    else if (current.name === "leaving") this.close();
    else {
      this.host.emit({ kind: "detach" });
      this.pause(`no answer from ${current.address}`, nowMs);
    }
  }

  private get isAttached(): boolean {
    const { name } = this.current;
    return name === "connecting" || name === "hello" || name === "welcome";
  }

  private attach(nowMs: number): void {
    const { address, hasOther } = this.reconnect;
    const untilMs = nowMs + (hasOther ? connectQuickMs : connectMs);
    this.enter({ name: "connecting", address, untilMs });
    this.host.emit({ kind: "status", status: { kind: "connecting", address } });
    this.host.emit({ kind: "attach", address });
  }

  private pause(reason: string, nowMs: number): void {
    const wasWelcome = this.current.name === "welcome";
    const delayMs = wasWelcome ? this.reconnect.lost() : this.reconnect.failed();
    this.enter({ name: "waiting", untilMs: nowMs + delayMs });
    if (this.home !== undefined || wasWelcome) {
      this.host.emit({ kind: "status", status: { kind: "reconnecting", reason, delayMs } });
    }
    if (wasWelcome) this.host.detached();
  }

  private watch(welcome: Welcome, nowMs: number): void {
    const silentMs = nowMs - this.heardMs;
    if (silentMs >= silenceMs) {
      this.host.emit({ kind: "detach" });
      this.pause(`nothing heard for ${Math.round(silentMs)} ms`, nowMs);
      return;
    }
    if (silentMs >= suspectMs && !this.isSuspect) {
      this.isSuspect = true;
      this.host.emit({ kind: "status", status: { kind: "suspect", silentMs } });
    }
    if (nowMs >= this.beatDueMs) this.beat(welcome, nowMs);
  }

  /**
   * A heartbeat of the transmitter came: it is answered with one, so that all cells speak at one
   * time and an idle transmitter is woken once for all of them. The timer is for when none comes.
   */
  beaten(nowMs: number): void {
    const { current } = this;
    if (current.name !== "welcome") return;
    const { welcome } = current;
    const saidMs = this.beatDueMs - welcome.heartbeatMs * beatPatience;
    if (nowMs - saidMs >= welcome.heartbeatMs / 2) this.beat(welcome, nowMs);
  }

  private beat(welcome: Welcome, nowMs: number): void {
    this.beatDueMs = nowMs + welcome.heartbeatMs * beatPatience;
    const streams = this.host.streams();
    const beat = streams.length === 0 ? {} : { streams };
    this.host.emit({ kind: "command", part: writeCommand("BEAT", beat) });
  }

  private unreachable(): void {
    const tried = [...this.reconnect.tried].join(", ");
    const { connectTimeoutMs } = this.host;
    this.close();
    this.host.failed(
      new MeshError("UNREACHABLE", `no answer within ${connectTimeoutMs} ms from ${tried}`),
    );
  }

  private enter(state: SessionState): void {
    if (!followers[this.current.name].includes(state.name)) {
      throw new MeshError("INTERNAL", `session: ${this.current.name} → ${state.name}`);
    }
    this.current = state;
  }
}
