import { type Command, type FieldMap, MeshError, protocolVersion } from "@thynapse/protocol";
import { Pulse } from "./pulse.js";
import type { LostHome } from "./reconnect.js";
import type { SessionHistory } from "./session-history.js";
import type { SessionHost } from "./session-host.js";
import { finalCodes, followers, type SessionState } from "./session-state.js";
import { readWelcome, writeCommand } from "./wire.js";

const leaveMs = 500;

/**
 * The attachment of a cell to one transmitter after another. One that is retired ends with the
 * attachment that it has: another session has taken its place.
 *
 * @see PROTOCOL.md §1.2, §2.5, §9
 */
export class Session {
  /** Number of the present attachment, or of the last one. */
  number = 0;
  private readonly host: SessionHost;
  private readonly history: SessionHistory;
  private readonly pulse = new Pulse();
  private current: SessionState = { name: "idle" };
  private failsAtMs = Number.POSITIVE_INFINITY;
  private isRetired = false;

  constructor(host: SessionHost) {
    this.host = host;
    this.history = host.history;
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

  /** Begins to attach; nothing if it was closed before. */
  start(nowMs: number): void {
    if (this.current.name !== "idle") return;
    this.failsAtMs = nowMs + this.host.connectTimeoutMs;
    this.pulse.pass(nowMs, Number.POSITIVE_INFINITY);
    this.attach(nowMs);
  }

  /** Begins with another transmitter than the one that the session before it leaves. */
  startElsewhere(nowMs: number): void {
    this.pulse.pass(nowMs, Number.POSITIVE_INFINITY);
    const delayMs = this.history.reconnect.lost("away");
    this.enter({ name: "waiting", untilMs: nowMs + delayMs });
  }

  /** Another session takes its place: this one makes no further attachment. */
  retire(): void {
    this.isRetired = true;
  }

  /** The connection is being made only now; others of this process were refused meanwhile. */
  trying(refusals: number, nowMs: number): void {
    if (this.current.name !== "connecting") return;
    const { reconnect } = this.history;
    reconnect.waited(refusals);
    this.enter({ ...this.current, untilMs: nowMs + reconnect.patienceMs });
  }

  /** The command connection stands. */
  connected(nowMs: number): void {
    if (this.current.name !== "connecting") return;
    const { address } = this.current;
    this.enter({ name: "hello", address, untilMs: nowMs + this.history.reconnect.welcomeMs });
    this.history.hellos++;
    this.hello(address, this.history.count + 1);
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
    const same = this.history.welcomed(address, welcome);
    this.enter({ name: "welcome", address, welcome });
    this.number = this.history.count;
    this.failsAtMs = Number.POSITIVE_INFINITY;
    this.pulse.begin(welcome.heartbeatMs, nowMs);
    const { id: transmitter, mesh } = welcome;
    const session = this.number;
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
    const isOthers = error.code === "ID_TAKEN" && this.history.hellos === 1;
    const isFinal = finalCodes.includes(error.code) || isOthers;
    if (this.current.name === "hello" && isFinal) {
      this.close();
      this.host.failed(error);
      return;
    }
    // What was refused was no attachment.
    if (this.current.name === "hello") this.history.count--;
    this.detach();
    this.pause(error.message, nowMs, "back");
  }

  /** The transmitter hears this connection no longer (§15): another one is made. */
  muted(error: MeshError, nowMs: number): void {
    if (!this.isWelcome) return;
    this.detach();
    this.pause(error.message, nowMs, "muted");
  }

  /** The transmitter drains: whenever its connection ends, others are tried first. */
  drains(addresses: readonly string[], successor?: string): void {
    if (!this.isRetired) this.history.reconnect.drains(addresses, successor);
  }

  /** Whether there is another transmitter to turn to. */
  get hasOther(): boolean {
    const { hasOther, hasNamed } = this.history.reconnect;
    return hasOther || hasNamed;
  }

  /**
   * Says HELO once more: what the cell has to claim is more than it said. The attachment goes on,
   * with all that it has there. A connection that is only being made has said nothing yet.
   */
  claim(): void {
    const { current } = this;
    if (current.name === "welcome") this.hello(current.address, this.number);
    else if (current.name === "hello") this.hello(current.address, this.history.count + 1);
  }

  /**
   * Says farewell, and closes when it is answered. @param isIdle whether nothing was begun here
   * that is not settled: what has crossed the farewell was then begun by nobody.
   */
  leave(isIdle: boolean, nowMs: number): void {
    if (this.current.name !== "welcome") {
      this.close();
      return;
    }
    this.enter({ name: "leaving", untilMs: nowMs + leaveMs });
    this.say("GBYE", isIdle ? { idle: true } : {});
  }

  /** Ends at once. */
  close(): void {
    if (this.current.name === "closed") return;
    const wasAttached = this.isAttached || this.current.name === "leaving";
    this.enter({ name: "closed" });
    if (wasAttached) this.detach();
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
      this.detach();
      this.pause(`no answer from ${current.address}`, nowMs, "away");
    }
  }

  private get isAttached(): boolean {
    const { name } = this.current;
    return name === "connecting" || name === "hello" || name === "welcome";
  }

  private attach(nowMs: number): void {
    const { address, patienceMs } = this.history.reconnect;
    this.enter({ name: "connecting", address, untilMs: nowMs + patienceMs });
    this.host.emit({ kind: "status", status: { kind: "connecting", address } });
    this.host.emit({ kind: "attach", line: this.host.line, address, isOnly: !this.hasOther });
  }

  private pause(reason: string, nowMs: number, home: LostHome): void {
    const wasWelcome = this.isWelcome;
    if (this.isRetired) {
      this.enter({ name: "closed" });
      this.host.detached();
      return;
    }
    if (this.current.name === "hello") this.history.count++;
    const { history } = this;
    const delayMs = wasWelcome ? history.lost(home, nowMs) : history.reconnect.failed();
    this.enter({ name: "waiting", untilMs: nowMs + delayMs });
    if (this.history.home !== undefined || wasWelcome) {
      this.host.emit({ kind: "status", status: { kind: "reconnecting", reason, delayMs } });
    }
    if (wasWelcome) this.host.detached();
  }

  private watch(nowMs: number): void {
    const sign = this.pulse.look(nowMs);
    const silentMs = this.pulse.silentMs(nowMs);
    if (sign === "gone") {
      this.detach();
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
  beaten(map: FieldMap, nowMs: number): void {
    if (this.current.name === "welcome") this.history.beaten(this.current.welcome, map);
    if (this.isWelcome && this.pulse.isAnswerDue(nowMs)) this.beat(nowMs);
  }

  private beat(nowMs: number): void {
    this.pulse.beaten(nowMs);
    const streams = this.host.streams();
    this.say("BEAT", streams.length === 0 ? {} : { streams });
  }

  private hello(address: string, session: number): void {
    const { heard, secrets } = this.history;
    const known = { ...secrets.proofFor(address), ...(heard && { heard }) };
    this.say("HELO", { v: protocolVersion, session, ...known, ...this.host.hello() });
  }

  private say(command: Command, map: FieldMap): void {
    const { emit, line } = this.host;
    emit({ kind: "command", line, part: writeCommand(command, map) });
  }

  private detach(): void {
    this.host.emit({ kind: "detach", line: this.host.line });
  }

  private unreachable(): void {
    this.close();
    this.host.failed(this.history.unreachable(this.host.connectTimeoutMs));
  }

  private enter(state: SessionState): void {
    if (!followers[this.current.name].includes(state.name)) {
      throw new MeshError("INTERNAL", `session: ${this.current.name} → ${state.name}`);
    }
    this.current = state;
  }
}
