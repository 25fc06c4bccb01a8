import { encodeBody, type Hello, MeshError, readHello, type Thid } from "@thynapse/protocol";
import { type CellRecord, newCell } from "./cells.js";
import { checkIdentity } from "./identity.js";
import { Confirms } from "../events/confirms.js";
import type { Connection, Connections } from "./connections.js";
import type { Counters } from "../counters.js";
import type { DeadLetter } from "../groups/dead-letters.js";
import type { Deadlines } from "../deadlines.js";
import type { Asks } from "../events/asks.js";
import type { CoreLimits, CoreOptions, Effect, Random } from "../effects.js";
import type { Beat } from "../mesh/members.js";
import type { Groups } from "../groups/groups.js";
import type { Intake } from "../events/intake.js";
import { Keeping } from "../groups/keeping.js";
import type { Liveness } from "./liveness.js";
import type { ReadCommand } from "./receiving.js";
import { writeReply } from "./reply.js";
import type { RouteTable } from "../events/route.js";
import type { Senders } from "../events/senders.js";
import type { Sites } from "../sites/sites.js";
import type { Streams } from "../streams/streams.js";
import { TakingClaims } from "./taking-claims.js";
import type { Telling } from "../events/telling.js";

/** What attachments need of the transmitter around them. */
export interface AttachmentsParts {
  readonly options: CoreOptions;
  readonly limits: CoreLimits;
  readonly random: Random;
  readonly counters: Counters;
  readonly deadlines: Deadlines;
  readonly connections: Connections;
  readonly senders: Senders;
  readonly routes: RouteTable;
  readonly streams: Streams;
  readonly groups: Groups;
  readonly asks: Asks;
  readonly liveness: Liveness;
  readonly telling: Telling;
  readonly intake: Intake;
  readonly sites: Sites;
  /** A cell has had a sign of life of a transmitter that it was attached to before. */
  readonly lived: (beat: Beat, nowMs: number) => void;
  readonly effects: () => Effect[];
}

const silent = { accepted: () => {}, handled: () => {}, refused: () => {} };

/** The cells of a transmitter: their coming and going. @see PROTOCOL.md §2.5, §9 */
export class Attachments {
  /** Whether events are refused for want of memory. */
  shedding = false;
  /** Whether all cells were told to go to other transmitters. */
  private isDraining = false;
  private readonly byId = new Map<Thid, CellRecord>();
  private readonly byTopic = new Map<string, CellRecord>();
  private readonly parts: AttachmentsParts;
  private readonly keeping: Keeping;
  private readonly claims: TakingClaims;

  constructor(parts: AttachmentsParts) {
    this.parts = parts;
    this.keeping = new Keeping(parts);
    this.claims = new TakingClaims({ ...parts, keeping: this.keeping });
  }

  get all(): Iterable<CellRecord> {
    return this.byId.values();
  }

  get count(): number {
    return this.byId.size;
  }

  cellOf(id: Thid): CellRecord | undefined {
    return this.byId.get(id);
  }

  byPresence(topic: string): CellRecord | undefined {
    return this.byTopic.get(topic);
  }

  /** @throws {MeshError} `ID_TAKEN`, `TOO_MANY_CATCHES`, `BUSY`, and what `readHello` throws */
  hello(connection: Connection, read: ReadCommand, nowMs: number): void {
    const hello = readHello(read.fields());
    const { cell } = connection;
    if (cell !== undefined && cell.id === hello.id) {
      this.parts.liveness.heard(cell, nowMs);
      this.claims.check({ ...hello, service: cell.service }, cell, nowMs);
      this.claims.take(cell, hello.claims, nowMs);
      this.welcome(cell);
      return;
    }
    if (cell !== undefined) throw new MeshError("NOT_WELCOME", "this connection is another cell's");
    const former = this.byId.get(hello.id);
    const { sites, options } = this.parts;
    const sessionElsewhere = sites.sessionElsewhere(hello.id);
    checkIdentity(hello, { own: options.id, former, sessionElsewhere });
    this.claims.check(hello, undefined, nowMs);
    sites.announcing.admitCell(hello.id, hello.service, nowMs);
    const record = this.newRecord(connection, hello, read.encoding, nowMs);
    if (former !== undefined) this.fence(former, nowMs);
    this.byId.set(record.id, record);
    this.byTopic.set(record.presenceTopic, record);
    this.parts.connections.attach(connection, record);
    connection.goodbye = false;
    this.parts.senders.attach(record.sender, record.confirms);
    this.claims.take(record, hello.claims, nowMs);
    if (hello.heard !== undefined) this.parts.lived(hello.heard, nowMs);
    record.sender.isElsewhere = false;
    record.sender.session = record.session;
    sites.announcing.cell(record.id, record.service, record.session);
    this.parts.counters.add("cellsWelcomed");
    this.welcome(record);
    this.tell("$mesh.cell.joined", { id: record.id, service: record.service }, nowMs);
  }

  private newRecord(
    connection: Connection,
    hello: Hello,
    encoding: CellRecord["encoding"],
    nowMs: number,
  ): CellRecord {
    const { random, senders, limits, sites, telling } = this.parts;
    // In a mesh the groups of others are known; in one that has just begun their cells may be on
    // their way back.
    const unknownMs = Math.min(limits.claimMs, sites.joinedMs + limits.claimMs - nowMs);
    const waitMs = hello.session > 1 ? Math.max(0, unknownMs) : 0;
    const record: CellRecord = newCell(hello, {
      encoding,
      connection: connection.id,
      sender: senders.open(hello.id, nowMs, waitMs),
      confirms: new Confirms(encoding, (isUrgent) => telling.plan(record, isUrgent)),
      secrets: { secret: random.hex(128), presenceTopic: `p-${random.hex(128)}` },
      nowMs,
    });
    return record;
  }

  private welcome(cell: CellRecord): void {
    const { options, limits } = this.parts;
    this.send(cell, "WLCM", {
      v: 1,
      id: options.id,
      pub: options.advertise(cell.connection),
      incarnation: options.incarnation,
      origin: `${options.id}.${options.incarnation}`,
      presence: cell.presenceTopic,
      secret: cell.secret,
      mesh: options.mesh,
      session: cell.session,
      heartbeatMs: limits.heartbeatMs,
      eventBytesMax: limits.eventBytesMax,
      windowBytes: limits.windowBytes,
      transmitters: options.transmitters(),
    });
  }

  /** The same cell stands on another connection now: the old one is nobody's. */
  private fence(former: CellRecord, nowMs: number): void {
    this.parts.counters.add("cellsFenced");
    this.send(former, "GBYE", { reason: "fenced" });
    for (const held of former.catches.values()) {
      if (held.mode === "any") this.parts.groups.movedAway(held.member.group, former, nowMs);
    }
    this.remove(former, nowMs);
  }

  /** Another cell of this id, attached elsewhere at the same time, has the better right to it. */
  twin(cell: CellRecord, nowMs: number): void {
    this.parts.counters.add("cellsFenced");
    this.send(cell, "GBYE", { reason: "fenced" });
    this.died(cell, "another cell has its id", nowMs);
  }

  /**
   * A cell says farewell: its catches end, and what it holds goes to others, uncounted. The groups
   * of one that goes to another transmitter, as all do if this one drains, do not end.
   *
   * @param isIdle whether it has begun nothing that it has not settled.
   */
  farewell(cell: CellRecord, isIdle: boolean, nowMs: number): void {
    this.parts.counters.add("cellsLeft");
    const isMoving = cell.isElsewhere || (this.isDraining && this.parts.sites.hasPeers);
    const end = { isMoving, isIdle, nowMs };
    for (const held of cell.catches.values()) this.keeping.end(cell, held, end);
    this.send(cell, "GBYE", { reason: "farewell" });
    const connection = this.parts.connections.find(cell.connection);
    if (connection !== undefined) connection.goodbye = true;
    this.parts.asks.left(cell);
    this.parts.sites.gathering.left(cell, nowMs);
    this.remove(cell, nowMs);
    this.tell("$mesh.cell.left", { id: cell.id, service: cell.service }, nowMs);
  }

  /** A cell is dead: what it held goes to others at once. */
  died(cell: CellRecord, why: string, nowMs: number): void {
    if (this.byId.get(cell.id) !== cell) return;
    this.parts.counters.add("cellsDead");
    const { groups, sites } = this.parts;
    // It may live at another transmitter, and claim there what it held here.
    const mayClaim = cell.isElsewhere || sites.wasAway(nowMs);
    for (const held of cell.catches.values()) {
      if (held.mode !== "any") continue;
      if (mayClaim) groups.movedAway(held.member.group, cell, nowMs);
      else groups.fates.left(held.member.group, cell, nowMs, "died");
    }
    this.parts.asks.left(cell);
    this.parts.sites.gathering.left(cell, nowMs);
    this.remove(cell, nowMs);
    this.parts.connections.close(cell.connection);
    const { id, service } = cell;
    const fields = { id, service, why };
    this.parts.effects().push({ kind: "log", level: "warn", message: "a cell is dead", fields });
    this.tell("$mesh.cell.dead", fields, nowMs);
  }

  /** Takes a cell out of all books; its groups and streams live on for a while. */
  private remove(cell: CellRecord, nowMs: number): void {
    if (this.byId.get(cell.id) === cell) {
      this.byId.delete(cell.id);
      this.parts.sites.announcing.cellGone(cell.id);
    }
    this.byTopic.delete(cell.presenceTopic);
    this.parts.telling.forget(cell);
    if (cell.sender.confirms === cell.confirms) this.parts.senders.detach(cell.sender, nowMs);
    const connection = this.parts.connections.find(cell.connection);
    if (connection?.cell === cell) this.parts.connections.detach(connection);
    for (const held of cell.catches.values()) {
      if (held.mode === "multi") this.keeping.unlisten(held.stream, cell, nowMs);
      else this.keeping.keep(held.member.group, nowMs);
    }
    this.keeping.unclaim(cell);
    cell.catches.clear();
  }

  /**
   * Ends one catch as its cell asks; a group without members ends with it. Tells whether there was
   * one.
   */
  drop(cell: CellRecord, number: number, nowMs: number): boolean {
    const held = cell.catches.get(number);
    if (held === undefined) return false;
    this.keeping.end(cell, held, { isMoving: false, isIdle: false, nowMs });
    return true;
  }

  /** Tells all cells to go, and where to; at the end those that are left, with the successor. */
  sayDraining(successor?: string): void {
    this.isDraining = true;
    const { options } = this.parts;
    const transmitters = options.transmitters().filter((address) => address !== options.command());
    const goodbye = { reason: "draining", transmitters, ...(successor && { successor }) };
    for (const cell of this.byId.values()) this.send(cell, "GBYE", goodbye);
  }

  /** Sends a system event to whoever catches it. @see PROTOCOL.md §13 */
  tell(channel: string, data: Record<string, unknown>, nowMs: number): void {
    const route = this.parts.routes.resolve(channel);
    if (route.streams.length + route.groups.length + route.sites.length === 0) return;
    const event = { channel, body: encodeBody(data), extras: {} };
    this.parts.intake.takeLoose([event], { service: "transmitter" }, silent, { nowMs });
  }

  tellDead(letter: DeadLetter, number: number, nowMs: number): void {
    const { service, pattern, reason, attempts, run } = letter;
    const { sender, cell, service: fromService } = run.header;
    const from = { id: cell ?? sender, service: fromService };
    const event = { number, channel: run.channelAt(0), pattern, from, seq: run.seqAt(0) };
    this.tell(`$mesh.dead.${service}`, { ...event, reason, attempts }, nowMs);
  }

  tellState(cell: CellRecord, why: string, nowMs: number): void {
    if (cell.state === "alive") this.parts.groups.touchAll(cell);
    const { id, service } = cell;
    this.tell(`$mesh.cell.${cell.state}`, { id, service, why }, nowMs);
  }

  /** Sends a part that is encoded already. */
  sendPart(cell: CellRecord, part: Buffer): void {
    this.parts.effects().push({ kind: "send", connection: cell.connection, part });
  }

  send(
    cell: CellRecord,
    command: Parameters<typeof writeReply>[1],
    map: Record<string, unknown>,
  ): void {
    this.sendPart(cell, writeReply(cell.encoding, command, map));
  }
}
