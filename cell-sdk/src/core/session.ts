import { type ErrorCode, type FieldMap, MeshError, protocolVersion } from "@thynapse/protocol";
import type { Emit } from "./effects.js";
import { Pulse } from "./pulse.js";
import { type LostHome, Reconnect } from "./reconnect.js";
import { Secrets } from "./secrets.js";
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

/** How long a welcome may take. */
const helloMs = 2000;
const leaveMs = 500;
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
  /**
   * Attachments so far. A `HELO` that was never answered may have been one, and counts: no two
   * transmitters may know this cell under one number.
   */
  count = 0;
  private helloCount = 0;
  private readonly host: SessionHost;
  private readonly reconnect: Reconnect;
  private current: SessionState = { name: "idle" };
  private home: Welcome | undefined;
  private readonly secrets = new Secrets();
  private failsAtMs = Number.POSITIVE_INFINITY;
  private readonly pulse = new Pulse();
  /** The transmitter drains, and names these to attach to. */
  private successors: readonly string[] | undefined;

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
    if (current.name === "welcome") return this.pulse.deadlineMs;
    if (current.name === "idle" || current.name === "closed") return Number.POSITIVE_INFINITY;
    return Math.min(current.untilMs, this.failsAtMs);
  }

  start(nowMs: number): void {
    this.failsAtMs = nowMs + this.host.connectTimeoutMs;
    this.pulse.pass(nowMs, Number.POSITIVE_INFINITY);
    this.attach(nowMs);
  }

  /** The command connection stands. */
  connected(nowMs: number): void {
    if (this.current.name !== "connecting") return;
    const { address } = this.current;
    this.enter({ name: "hello", address, untilMs: nowMs + helloMs });
    this.helloCount++;
    const session = this.count + 1;
    const secret = this.secrets.of(address);
    const proof = secret === undefined ? {} : { secret };
    const hello = { v: protocolVersion, session, ...proof, ...this.host.hello() };
    this.host.emit({ kind: "command", part: writeCommand("HELO", hello) });
  }

  /** The attachment has ended by itself. */
  disconnected(reason: string, nowMs: number): void {
    if (this.current.name === "leaving") this.close();
    else if (this.isAttached) {
      this.pause(reason, nowMs, this.pulse.isLate(nowMs) ? "away" : "back");
    }
  }

  /** Something came from the transmitter. */
  heard(nowMs: number): void {
    this.pulse.heard(nowMs);
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
    this.successors = undefined;
    this.secrets.learn(address, welcome.secret);
    this.failsAtMs = Number.POSITIVE_INFINITY;
    this.pulse.begin(welcome.heartbeatMs, nowMs);
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
    // What was refused was no attachment.
    if (this.current.name === "hello") this.count--;
    this.host.emit({ kind: "detach" });
    this.pause(error.message, nowMs, "back");
  }

  /** The transmitter drains: whenever its connection ends, others are tried first. */
  drains(successors: readonly string[]): void {
    if (successors.length > 0 || this.successors === undefined) this.successors = successors;
  }

  /** Turns to another transmitter, if there is one. @returns false if there is none. */
  move(nowMs: number): boolean {
    const hasOther = this.reconnect.hasOther || (this.successors ?? []).length > 0;
    if (this.current.name !== "welcome" || !hasOther) return false;
    this.host.emit({ kind: "detach" });
    this.pause("the transmitter drains", nowMs, "away");
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
    this.pulse.pass(nowMs, this.deadlineMs);
    const { current } = this;
    if (nowMs >= this.failsAtMs && current.name !== "closed") this.unreachable();
    else if (current.name === "welcome") this.watch(nowMs);
    else if (current.name === "idle" || current.name === "closed" || nowMs < current.untilMs)
      return;
    else if (current.name === "waiting") this.attach(nowMs);
    else if (current.name === "leaving") this.close();
    else {
      this.host.emit({ kind: "detach" });
      this.pause(`no answer from ${current.address}`, nowMs, "away");
    }
  }

  private get isAttached(): boolean {
    const { name } = this.current;
    return name === "connecting" || name === "hello" || name === "welcome";
  }

  private attach(nowMs: number): void {
    const { address, patienceMs } = this.reconnect;
    this.enter({ name: "connecting", address, untilMs: nowMs + patienceMs });
    this.host.emit({ kind: "status", status: { kind: "connecting", address } });
    this.host.emit({ kind: "attach", address });
  }

  private pause(reason: string, nowMs: number, home: LostHome): void {
    const wasWelcome = this.current.name === "welcome";
    if (this.current.name === "hello") this.count++;
    const { successors } = this;
    const delayMs = wasWelcome
      ? this.reconnect.lost(successors === undefined ? home : "away", successors)
      : this.reconnect.failed();
    this.enter({ name: "waiting", untilMs: nowMs + delayMs });
    if (this.home !== undefined || wasWelcome) {
      this.host.emit({ kind: "status", status: { kind: "reconnecting", reason, delayMs } });
    }
    if (wasWelcome) this.host.detached();
  }

  private watch(nowMs: number): void {
    const sign = this.pulse.look(nowMs);
    const silentMs = this.pulse.silentMs(nowMs);
    if (sign === "gone") {
      this.host.emit({ kind: "detach" });
      this.pause(`nothing heard for ${Math.round(silentMs)} ms`, nowMs, "away");
      return;
    }
    if (sign === "suspect") {
      this.host.emit({ kind: "status", status: { kind: "suspect", silentMs } });
    }
    if (this.pulse.isBeatDue(nowMs)) this.beat(nowMs);
  }

  /**
   * A heartbeat of the transmitter came: it is answered with one, so that all cells speak at one
   * time and an idle transmitter is woken once for all of them. The timer is for when none comes.
   */
  beaten(nowMs: number): void {
    if (this.isWelcome && this.pulse.isAnswerDue(nowMs)) this.beat(nowMs);
  }

  private beat(nowMs: number): void {
    this.pulse.beaten(nowMs);
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
