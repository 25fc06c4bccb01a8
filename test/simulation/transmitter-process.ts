import { createHmac } from "node:crypto";

import type { CoreOptions, Effect, LinkEffect, Rest } from "../../transmitter/dist/core/effects.js";
import { mayLive } from "../../transmitter/dist/core/mesh/member-state.js";
import { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import { DeadLetterWatch } from "./dead-letter-watch.js";
import type { CommandServer } from "./command-line.js";
import type { EventServer } from "./event-line.js";
import { LinkSub } from "./link-sub.js";
import { Process } from "./process.js";
import { type Surroundings, wallMs } from "./surroundings.js";

/** What a transmitter is started with. */
export interface TransmitterTerms {
  readonly id: string;
  /** Rises with each start. */
  readonly incarnation: number;
  readonly address: string;
  readonly limits: Partial<CoreOptions>;
  /** Command addresses of transmitters at which it looks for its mesh. */
  readonly seeds: readonly string[];
}

/** How often, and how long, a connection is probed that may be gone. */
const probeEveryMs = 2;
const probeMs = 50;
/** For how long a transmitter that has gone on without its seeds may know nothing of the mesh. */
const degradedMs = 10_000;

/** One start of one transmitter: the real core, with a shell of virtual sockets around it. */
export class TransmitterProcess implements CommandServer, EventServer {
  readonly process: Process;
  readonly core: TransmitterCore;
  readonly home: string;
  readonly terms: TransmitterTerms;
  /** Called when a drain is over. */
  onStopped: () => void = () => {};
  /** Called when it has ended because another one has its id. */
  onTwin: () => void = () => {};
  /** Whether it has joined without those who were there. */
  isApart = false;
  /** What its wall clock is off by, in ms. */
  skewMs = 0;
  private readonly around: Surroundings;
  private readonly letters: DeadLetterWatch;
  private readonly links: LinkSub;
  /** Commands that wait until it has joined its mesh. */
  private early: (readonly [connection: string, part: Buffer])[] | undefined = [];

  constructor(terms: TransmitterTerms, around: Surroundings) {
    this.terms = terms;
    this.around = around;
    const { agenda, network } = around;
    const { id, incarnation, address } = terms;
    this.home = `${id}.${incarnation}`;
    this.process = new Process(agenda, around.random(`turns ${this.home}`), () => this.turn());
    this.process.turnMsMax = around.turnMsMax;
    this.process.cores = around.cores;
    this.core = new TransmitterCore(this.options(), this.dice(), agenda.nowMs);
    this.letters = new DeadLetterWatch(this.core, around);
    around.log({ id: "", action: "started", home: this.home });
    network.bindCommand(address, this);
    network.bindEvents(eventAddress(address), this);
    this.links = new LinkSub(network, this.process, (topic, head, part) => {
      around.trace(this.home, part);
      this.core.linkReceived(topic, head, part, agenda.nowMs);
    });
    this.process.post(() => this.join());
  }

  /** Whether it runs and takes cells and events. */
  get isServing(): boolean {
    const { state } = this.core;
    return this.process.state === "running" && (state === "running" || state === "degraded");
  }

  /** Whether it lives, and has joined its mesh or gone on without it. */
  get hasJoined(): boolean {
    return this.process.state !== "dead" && this.early === undefined;
  }

  received(connection: string, part: Buffer): void {
    if (this.early !== undefined) {
      this.early.push([connection, part]);
      return;
    }
    this.around.trace(connection, part);
    this.core.receive(connection, [part], this.around.agenda.nowMs);
  }

  subscribed(topic: Buffer): boolean {
    return this.core.subscribed(topic, this.around.agenda.nowMs);
  }

  unsubscribed(topic: Buffer): void {
    this.core.unsubscribed(topic, this.around.agenda.nowMs);
  }

  /** The queue for a connection is full. */
  overflow(connection: string): void {
    this.process.post(() => this.core.overflowed(connection, this.around.agenda.nowMs));
  }

  shed(on: boolean): void {
    this.process.post(() => this.core.shed(on));
  }

  drain(): void {
    this.process.post(() => this.core.drain(this.around.agenda.nowMs));
  }

  /** Kills it: what it held in memory is gone. */
  kill(): void {
    if (this.process.state === "dead") return;
    this.around.log({ id: "", action: "crashed", home: this.home });
    this.process.kill();
    this.around.network.died(this.process);
    this.report();
  }

  /** Hands over what it has counted. */
  report(): void {
    for (const [name, value] of Object.entries(this.core.counters.snapshot())) {
      this.around.count(name, value);
    }
    const { mesh } = this.core.seat;
    this.around.count("mesh: signs of earlier starts refuted", mesh?.members.refuted ?? 0);
    for (const { resent, holes } of mesh?.peering.links ?? []) {
      this.around.count("links: frames sent again from the ring", resent);
      this.around.count("links: holes", holes);
    }
  }

  private join(): void {
    const { seeds } = this.terms;
    this.core.join({ seedCount: seeds.length, prove }, this.around.agenda.nowMs);
    for (const seed of seeds) this.links.seed(eventAddress(seed));
  }

  private turn(): void {
    for (const effect of this.core.takeEffects(this.around.agenda.nowMs)) this.carryOut(effect);
    this.letters.look();
    this.arm();
  }

  private arm(): void {
    this.process.timer(this.core.nextDeadlineMs, () => this.core.tick(this.around.agenda.nowMs));
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        this.send(effect.connection, effect.part);
        break;
      case "publish":
        this.around.network.publish(this, effect.head, effect.part);
        break;
      case "probe":
        this.probe(effect.connection, effect.part, this.around.agenda.nowMs + probeMs);
        break;
      case "drain":
        this.drain();
        break;
      case "stopped":
        this.stopped(effect);
        break;
      case "joined":
        this.joined(effect.isDegraded);
        break;
      case "ended":
        this.around.count("transmitters that ended because of a twin", 1);
        this.kill();
        this.onTwin();
        break;
      case "log":
        if (effect.level === "error")
          throw new Error(`${effect.message}: ${effect.fields["stack"]}`);
        break;
      default:
        carryOutLink(effect, this.links);
    }
  }

  /** It has said its last. Who took over what was not settled is told where that is all of it. */
  private stopped({ unconfirmed, successor = "" }: Rest): void {
    const peer = unconfirmed > 0 ? undefined : this.core.sites.find(successor)?.origin;
    this.around.log({ id: "", action: "drained", home: this.home, peer });
    this.onStopped();
  }

  /**
   * Whoever has gone on without its mesh knows of nobody for a while; nor do those who started
   * together and know each other alone (§19.18).
   */
  private joined(isDegraded: boolean): void {
    const members = this.core.seat.mesh?.members.all ?? [];
    const ids = new Set(members.filter(({ state }) => mayLive(state)).map(({ id }) => id));
    this.isApart = isDegraded || this.around.isApart(ids);
    const early = this.early ?? [];
    this.early = undefined;
    this.process.post(() => {
      for (const [connection, part] of early) this.received(connection, part);
    });
    if (isDegraded) this.around.count("transmitters that went on without their seeds", 1);
    if (this.isApart)
      this.around.log({ id: "", action: "fault", home: this.home, count: degradedMs });
  }

  /** @returns whether the connection may still be there. */
  private send(connection: string, part: Buffer): boolean {
    if (this.around.network.commandLine(connection)?.answer(part) === true) return true;
    this.process.post(() => this.core.unreachable(connection, this.around.agenda.nowMs));
    return false;
  }

  private probe(connection: string, part: Buffer, untilMs: number): void {
    if (!this.send(connection, part) || this.around.agenda.nowMs >= untilMs) return;
    this.process.later(probeEveryMs, () => this.probe(connection, part, untilMs));
  }

  private dice(): { float(): number; hex(bits: number): string } {
    return this.around.random(`core ${this.home}`);
  }

  private options(): CoreOptions {
    const { id, incarnation, address, limits } = this.terms;
    return {
      ...limits,
      ...{ id, incarnation, mesh: "simulated", version: "0.0.0", pid: 1 },
      transmitters: () => this.core.seat.commandAddresses,
      advertise: () => eventAddress(address),
      command: () => address,
      pub: () => eventAddress(address),
      wallMs: () => wallMs(this.around.agenda) + this.skewMs,
      rssBytes: () => 0,
      prometheus: () => "",
    };
  }
}

/** The address of the event socket that goes with a command address. */
function eventAddress(address: string): string {
  return `${address}/events`;
}

function carryOutLink(effect: LinkEffect, links: LinkSub): void {
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

/** Proofs of a mesh without a secret. */
function prove(purpose: string, what: string | Buffer): string {
  return createHmac("sha256", purpose).update(what).digest("hex");
}
