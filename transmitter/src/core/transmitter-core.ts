import { type Command, MeshError, subscriptionBytesMax } from "@thynapse/protocol";
import { Asks } from "./events/asks.js";
import { Attachments } from "./cells/attachments.js";
import type { CellRecord } from "./cells/cells.js";
import { CellCommands } from "./cells/cell-commands.js";
import { type Connection, Connections } from "./cells/connections.js";
import { coreLimits } from "./core-limits.js";
import { Counters } from "./counters.js";
import { DeadLetters } from "./groups/dead-letters.js";
import { Deadlines } from "./deadlines.js";
import { Dedupe } from "./events/dedupe.js";
import { Draining } from "./draining.js";
import type { CoreLimits, CoreOptions, Effect, Random } from "./effects.js";
import { Groups } from "./groups/groups.js";
import { Intake } from "./events/intake.js";
import { Liveness } from "./cells/liveness.js";
import { type JoinTerms, MeshSeat } from "./mesh/mesh-seat.js";
import { OwnEvents } from "./events/own-events.js";
import { checkSpeaker, onePart, readCommand, type ReadCommand } from "./cells/receiving.js";
import { Refusals } from "./cells/refusals.js";
import { RouteTable } from "./events/route.js";
import { Senders } from "./events/senders.js";
import { MeshEar } from "./sites/mesh-ear.js";
import { Sites } from "./sites/sites.js";
import { Streams } from "./streams/streams.js";
import { Telling } from "./events/telling.js";
import { SystemAnswers } from "./requests/system-answers.js";
import { Traces } from "./requests/traces.js";
import { TurnEnd } from "./turn-end.js";

/** How long after a look at ages the next one is. */
const ageCheckMs = 1000;

/**
 * Commands whose answer, if any, is gathered with the confirms. Any other answer comes after those.
 */
const confirmedCommands: ReadonlySet<Command> = new Set(["EVNT", "SETL", "BEAT", "PROG", "CRED"]);

/**
 * The rules of a transmitter: takes what comes from its sockets and the time, and gives back
 * effects.
 *
 * It opens no socket, reads no clock and rolls no dice of its own. A shell calls `receive`,
 * `subscribed`, `unsubscribed`, `unreachable` and `tick` with the monotonic time in ms, and after
 * each turn carries out `takeEffects` in order. What one turn brings is told to each cell once:
 * confirms, deliveries and marks are gathered until then.
 */
export class TransmitterCore {
  readonly counters = new Counters();
  readonly options: CoreOptions;
  readonly limits: CoreLimits;
  /** The other transmitters of the mesh. */
  readonly sites: Sites;
  private effects: Effect[] = [];
  private readonly deadlines = new Deadlines();
  private readonly connections: Connections;
  private readonly deadLetters: DeadLetters;
  private readonly routes: RouteTable;
  private readonly streams: Streams;
  private readonly groups: Groups;
  private readonly own: OwnEvents;
  private readonly intake: Intake;
  private readonly liveness: Liveness;
  private readonly telling: Telling;
  private readonly refusals: Refusals;
  private readonly attachments: Attachments;
  private readonly commands: CellCommands;
  private readonly system: SystemAnswers;
  private readonly draining: Draining;
  private readonly turnEnd: TurnEnd;
  /** Its place among other transmitters. */
  readonly seat: MeshSeat;
  private nowMs: number;
  private ageDueMs: number;

  constructor(options: CoreOptions, random: Random, nowMs: number) {
    this.options = options;
    this.limits = coreLimits(options);
    this.nowMs = nowMs;
    this.ageDueMs = nowMs + ageCheckMs;
    const { counters, deadlines, limits } = this;
    const { wallMs } = options;
    const effects = (): Effect[] => this.effects;
    const tell: Attachments["tell"] = (...event) => this.attachments.tell(...event);
    const traces = new Traces({ by: options.id, deadlines, nowMs: () => this.nowMs, wallMs, tell });
    const bounds = { countMax: limits.deadLettersMax, bytesMax: limits.deadLetterBytesMax };
    this.connections = new Connections(limits);
    this.deadLetters = new DeadLetters(bounds, counters);
    this.routes = new RouteTable(limits.routesMax);
    const { routes, deadLetters } = this;
    this.streams = new Streams({ ...limits, routes, random, counters, traces });
    const cellOf = (id: string): CellRecord | undefined => this.attachments.cellOf(id);
    const asks = new Asks({ deadlines, counters, cellOf, effects });
    this.seat = new MeshSeat({
      ...{ options, limits, random, counters, effects, tell },
      takeQuery: (...word) => this.system.word(...word),
    });
    const { streams, seat } = this;
    this.own = new OwnEvents(random.hex(160), nowMs);
    const senders = new Senders(this.own.sender);
    const origin = `${options.id}.${options.incarnation}`;
    const shared = { routes, deadlines, deadLetters, asks, counters, random, limits, origin };
    this.sites = new Sites({
      ...{ ...shared, streams, effects, cellOf, senders, self: options },
      ...{ groups: () => this.groups, intake: () => this.intake, nowMs: () => this.nowMs },
      groupKeepMs: limits.groupKeepMs,
      twin: (...twin) => this.attachments.twin(...twin),
    });
    this.groups = new Groups({
      ...{ ...shared, senders, self: options.id, wallMs, effects, traces, elsewhere: this.sites },
      onDead: (letter, number) => this.attachments.tellDead(letter, number, this.nowMs),
      passBack: (...passed) => this.sites.hosting.passBack(...passed),
      tellAskers: (...settled) => this.sites.adopting.tellAskers(...settled, this.nowMs),
    });
    const { groups, own, sites } = this;
    const dedupe = new Dedupe(limits.dedupeWindowMs, counters);
    this.intake = new Intake({
      ...{ routes, streams, groups, asks, dedupe, own, counters, wallMs, effects },
      forward: (...run) => sites.forward(...run),
      onSystemRequest: (cell, run, index, atMs) => this.system.answer(cell, run, index, atMs),
    });
    this.liveness = new Liveness(
      {
        ...{ limits, counters, effects, transmitters: options.transmitters },
        meshBeat: () => seat.mesh?.talk.beat,
        cells: () => this.attachments.all,
        onDead: (cell, why, atMs) => this.attachments.died(cell, why, atMs),
        onState: (cell, why) => this.attachments.tellState(cell, why, this.nowMs),
      },
      nowMs,
    );
    this.telling = new Telling({ deadlines, effects });
    const { connections, telling } = this;
    this.refusals = new Refusals({ connections, telling, counters, effects });
    this.attachments = new Attachments({
      ...shared,
      ...{ options, random, streams, groups, effects, connections, telling, sites },
      senders,
      lived: (beat, atMs) => seat.mesh?.talk.lived(beat, atMs),
      liveness: this.liveness,
      intake: this.intake,
    });
    const { attachments, intake } = this;
    this.draining = new Draining({
      ...{ id: options.id, limits, groups, attachments, deadlines, effects, sites },
      leave: (atMs) => seat.leave(atMs),
    });
    this.commands = new CellCommands({
      ...{ attachments, groups, streams, intake, asks, dedupe },
      ...{ counters, limits, deadlines, sites, traces, wallMs },
      nowMs: () => this.nowMs,
    });
    const onInternal: Refusals["reportInternal"] = (error) => this.refusals.reportInternal(error);
    this.system = new SystemAnswers({
      ...{ core: this, routes, streams, groups, attachments, deadLetters, counters, options },
      ...{ intake, asks, deadlines, effects, startedMs: nowMs, mesh: () => seat.mesh, onInternal },
      draining: this.draining,
    });
    this.turnEnd = new TurnEnd({
      ...{ seat, sites, groups, asks, telling, streams, effects, onInternal },
    });
  }

  /** When `tick` must be called at the latest; it may be called earlier. */
  get nextDeadlineMs(): number {
    return Math.min(this.deadlines.nextMs, this.seat.deadlineMs, this.liveness.dueMs);
  }

  /** Whether it takes events and cells (`degraded`: though others are missing), or ends. */
  get state(): "joining" | "running" | "degraded" | "draining" | "stopped" {
    const { draining, seat } = this;
    if (draining.state !== "running") return draining.state;
    return seat.state === "joining" || seat.state === "degraded" ? seat.state : "running";
  }

  /** Takes one message of the command socket: its parts without the routing id. */
  receive(connectionId: string, parts: readonly Buffer[], nowMs: number): void {
    this.nowMs = nowMs;
    const connection = this.connections.open(connectionId);
    if (connection.mutedUntilMs > nowMs) {
      this.counters.add("framesMuted");
      return;
    }
    let read: ReadCommand | undefined;
    try {
      const part = onePart(parts);
      if (part === undefined) {
        this.counters.add("framesEmpty");
        return;
      }
      this.counters.values.commandsReceived++;
      read = readCommand(part);
      this.dispatch(connection, read, nowMs);
      this.counters.values.fieldsUnknown += read.unknownFieldCount;
    } catch (thrown) {
      this.refusals.answer({ connection, read, parts }, thrown, nowMs);
    }
  }

  /** A subscription was offered. Tells whether to approve exactly this topic, in this turn. */
  subscribed(topic: Buffer, nowMs: number): boolean {
    this.nowMs = nowMs;
    const text = topic.toString("latin1", 0, subscriptionBytesMax);
    const isOfMesh = this.seat.subscribed(text, nowMs);
    if (isOfMesh === true) return true;
    const known = text.endsWith(" ") && text.length === topic.length ? text.slice(0, -1) : "";
    const cell = this.attachments.byPresence(known);
    if (cell !== undefined) {
      this.liveness.present(cell, nowMs);
      return true;
    }
    if (this.streams.subscribed(known)) return true;
    this.counters.add("subscriptionsRefused");
    return false;
  }

  /** A subscription ended: by its cell, or because the connection is gone. */
  unsubscribed(topic: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    const text = topic.toString("latin1", 0, subscriptionBytesMax);
    this.seat.unsubscribed(text, nowMs);
    const cell = text.endsWith(" ") ? this.attachments.byPresence(text.slice(0, -1)) : undefined;
    if (cell !== undefined) this.liveness.absent(cell, nowMs);
  }

  /** Becomes a member of the mesh. When the addresses are bound, before the first message. */
  join(terms: JoinTerms, nowMs: number): void {
    this.nowMs = nowMs;
    const ear = new MeshEar(() => this.seat.mesh, this.sites);
    this.seat.listen(ear);
    this.seat.join(terms, nowMs);
    this.sites.join(ear.links);
  }

  /** A message of another transmitter came: its topic, what stands behind it, and its part. */
  linkReceived(topic: string, head: string, part: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    this.seat.received(topic, head, part, nowMs);
  }

  /** The command socket says that a connection is gone. */
  unreachable(connectionId: string, nowMs: number): void {
    this.nowMs = nowMs;
    const cell = this.connections.find(connectionId)?.cell;
    if (cell === undefined) this.connections.close(connectionId);
    else this.liveness.unreachable(cell, nowMs);
  }

  /** A cell does not read what it is sent, and the shell's queue for it is full. */
  overflowed(connectionId: string, nowMs: number): void {
    this.nowMs = nowMs;
    const cell = this.connections.find(connectionId)?.cell;
    if (cell === undefined) return;
    this.counters.add("cellsFenced");
    this.attachments.died(cell, "it did not read its commands", nowMs);
  }

  /** Does everything that is due. */
  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.deadlines.run(nowMs);
    const isAwake = this.seat.tick(nowMs);
    if (this.liveness.isDue(nowMs, isAwake)) this.beat(nowMs);
    this.draining.check(nowMs);
  }

  /** Ends the turn: what it has brought, to be carried out in order. */
  takeEffects(nowMs: number): readonly Effect[] {
    this.nowMs = nowMs;
    this.turnEnd.run(nowMs);
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  /**
   * Stops taking cells and events, and waits until what was accepted is settled, or for
   * `drainTimeoutMs`.
   */
  drain(nowMs: number): void {
    this.nowMs = nowMs;
    this.draining.begin(nowMs);
  }

  /** While on, events are refused with `BUSY`: the process is short of memory. */
  shed(on: boolean): void {
    this.attachments.shedding = on;
  }

  /** What `$mesh.status` answers. */
  statusOf(nowMs: number): Record<string, unknown> {
    return this.system.status(nowMs);
  }

  private dispatch(connection: Connection, read: ReadCommand, nowMs: number): void {
    const { command } = read;
    if (command === "ERRO") {
      // Never answered (§16): two that tell each other of errors would never end.
      this.counters.add("errorsIgnored");
      return;
    }
    checkSpeaker(command);
    if (command === "HELO") {
      const isNew = connection.cell === undefined;
      if (isNew && this.draining.state !== "running") throw new MeshError("DRAINING", "ends");
      this.attachments.hello(connection, read, nowMs);
      return;
    }
    const { cell } = connection;
    if (cell === undefined) throw notWelcome(connection);
    this.liveness.heard(cell, nowMs);
    if (read.encoding !== cell.encoding) {
      throw new MeshError("BAD_ENCODING", `this cell speaks ${cell.encoding} since its HELO`);
    }
    if (!confirmedCommands.has(command)) this.telling.flushOf(cell);
    if (command === "EVNT" && this.draining.state !== "running") {
      throw new MeshError("DRAINING", "no events are taken any more");
    }
    this.commands.carryOut(cell, read, nowMs);
  }

  private beat(nowMs: number): void {
    this.liveness.beat(nowMs);
    if (nowMs < this.ageDueMs) return;
    this.ageDueMs = nowMs + ageCheckMs;
    this.groups.ageOut(nowMs);
  }
}

function notWelcome(connection: Connection): MeshError {
  const why = connection.goodbye ? "connection was closed by GBYE" : "say HELO first";
  return new MeshError("NOT_WELCOME", why);
}
