import type { Agenda } from "./agenda.js";
import { type CommandClient, CommandLine, type CommandServer } from "./command-line.js";
import { type EventClient, EventLine, type EventServer, redialMsMin } from "./event-line.js";
import { Cuts, heartbeatCutMs } from "./cuts.js";
import { type Breaking, bothWays, type Direction } from "./lines.js";
import type { Process } from "./process.js";
import { Proxy } from "./proxy.js";
import type { SeededRandom } from "./random.js";

/** What the network is like in one run. */
export interface NetworkTerms {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Share of messages that take up to 20 times as long. */
  readonly lateShare: number;
  /** Messages that an event connection of a cell holds; what comes then is dropped. */
  readonly eventPipeMax: number;
  /** The same of a connection between transmitters. */
  readonly linkPipeMax: number;
}

/** The longest pause between two attempts of a transmitter's SUB to connect. */
const linkRedialMsMax = 800;
/** How long it tries to where nobody answers. */
const linkConnectMs = 1000;
/** When both ends of a connection know that it is gone, after a death. */
const lingerMs = 8;

type Line = CommandLine | EventLine;

/**
 * The network between cells and transmitters, as ØMQ shows it: connections that keep order and lose
 * only by breaking, and event connections that drop what their reader is too slow for.
 *
 * It knows addresses and processes, not how many there are of either.
 */
export class Network {
  readonly agenda: Agenda;
  readonly terms: NetworkTerms;
  droppedMessages = 0;
  /** Bytes that transmitters have sent each other, with the heads of parts. */
  linkBytes = 0;
  private readonly random: SeededRandom;
  private readonly commandServers = new Map<string, CommandServer>();
  private readonly eventServers = new Map<string, EventServer>();
  private readonly lines = new Set<Line>();
  private readonly linesById = new Map<string, CommandLine>();
  private readonly cuts: Cuts;
  /** By XPUB and topic, whom it was let through to, and some to whom it is no more. */
  private readonly audiences = new Map<EventServer, Map<string, Set<EventLine>>>();
  private nextId = 1;
  /** Between transmitters. */
  readonly proxy: Proxy;

  constructor(agenda: Agenda, random: SeededRandom, terms: NetworkTerms) {
    this.agenda = agenda;
    this.random = random;
    this.terms = terms;
    this.proxy = new Proxy(random);
    this.cuts = new Cuts(agenda, random, () => this.delayMs());
  }

  delayMs(): number {
    const { delayMinMs, delayMaxMs, lateShare } = this.terms;
    const delayMs = this.random.between(delayMinMs, delayMaxMs);
    return this.random.chance(lateShare) ? delayMs * this.random.between(1, 20) : delayMs;
  }

  bindCommand(address: string, server: CommandServer): void {
    this.commandServers.set(address, server);
  }

  bindEvents(address: string, server: EventServer): void {
    this.eventServers.set(address, server);
  }

  /** A cell connects a DEALER. */
  dialCommand(address: string, client: CommandClient): CommandLine {
    const line = new CommandLine(this, address, client);
    this.lines.add(line);
    this.dial(line, () => {
      const server = this.commandServers.get(address);
      if (server === undefined || !this.isThere(server.process, line)) return false;
      const id = `c${this.nextId++}`;
      this.linesById.set(id, line);
      line.opened(server, id);
      return true;
    });
    return line;
  }

  /** A cell connects a SUB. */
  connectEvents(address: string, client: EventClient): EventLine {
    const terms = { pipeMax: this.terms.eventPipeMax, redialMsMax: redialMsMin };
    return this.connected(new EventLine(this, address, { client, ...terms }));
  }

  /** A transmitter connects a SUB of its own. */
  connectLink(address: string, client: EventClient): EventLine {
    const terms = { pipeMax: this.terms.linkPipeMax, redialMsMax: linkRedialMsMax, isMute: true };
    return this.connected(new EventLine(this, address, { client, ...terms, proxy: this.proxy }));
  }

  dialEvents(line: EventLine): void {
    this.dial(line, () => {
      const server = this.eventServers.get(line.address);
      if (server === undefined || !this.isThere(server.process, line)) return false;
      line.opened(server);
      return true;
    });
  }

  /** The command connection that a ROUTER knows by this name; `undefined` once it is gone. */
  commandLine(id: string): CommandLine | undefined {
    return this.linesById.get(id);
  }

  /** Sends a message to every connection of this XPUB that was let through to its topic. */
  publish(server: EventServer, head: Buffer, part: Buffer): void {
    const topic = head.toString("latin1", 0, topicEnd(head));
    const audience = this.audiences.get(server)?.get(topic);
    for (const line of audience ?? []) {
      if (line.server === server && line.isAdmitted(topic)) line.publish(head, part);
      else audience?.delete(line);
    }
  }

  /** An XPUB lets a topic through to a connection. */
  admitted(server: EventServer, topic: string, line: EventLine): void {
    const audiences = this.audiences.get(server) ?? new Map<string, Set<EventLine>>();
    this.audiences.set(server, audiences);
    audiences.set(topic, (audiences.get(topic) ?? new Set()).add(line));
  }

  forget(line: Line): void {
    this.lines.delete(line);
    if (line.kind === "command") this.linesById.delete(line.id);
  }

  /**
   * A process died: its kernel closes what it had, and the other ends notice within milliseconds.
   */
  died(process: Process): void {
    for (const line of this.linesOf(process)) {
      const isClient = line.client.process === process;
      // What had left the process still arrives; what was on its way to it does not.
      const share = this.random.float();
      line.breakOff({
        upShare: isClient ? share : 0,
        downShare: isClient ? 0 : share,
        serverInMs: this.noticeMs(line),
        clientInMs: this.noticeMs(line),
      });
      this.agenda.in(lingerMs, () => {
        if (isClient || line.kind === "command") this.forget(line);
      });
    }
  }

  /** A process was stopped: its connections stand until heartbeats go unanswered. */
  stopped(process: Process): void {
    for (const line of this.linesOf(process)) {
      const cutMs = this.random.between(heartbeatCutMs.min, heartbeatCutMs.max);
      const sinceMs = this.agenda.nowMs;
      this.agenda.in(cutMs, () => {
        if (process.state !== "stopped" || process.stoppedAtMs > sinceMs) return;
        // The kernel of the stopped one keeps what came in, and it reads that when it wakes.
        this.breakIfOpen(line, { upShare: 1, downShare: 1, serverInMs: 0, clientInMs: 0 });
      });
    }
  }

  /**
   * The cable of a process is pulled: nothing passes, and heartbeats cut what stood when it takes
   * too long.
   */
  cut(process: Process, durationMs: number): void {
    this.cuts.lose(process, undefined, durationMs);
    this.cuts.lose(undefined, process, durationMs);
    for (const line of this.linesOf(process)) this.cuts.starve(line, bothWays, durationMs);
  }

  /** Packets from one process to another are lost, and heartbeats cut what stood between them. */
  cutBetween(from: Process, to: Process, durationMs: number): void {
    this.cuts.lose(from, to, durationMs);
    for (const line of this.linesOf(from)) {
      if (line.client.process === to) this.cuts.starve(line, ["down"], durationMs);
      else if (line.server?.process === to) this.cuts.starve(line, ["up"], durationMs);
    }
  }

  /** A SUB says something on a connection whose other end knows that it is gone. */
  unanswered(line: EventLine): void {
    this.cuts.unanswered(line);
  }

  /**
   * Connections of a process are reset: what is on its way is lost, and both ends know it at once.
   */
  reset(process: Process, kinds: readonly Line["kind"][]): void {
    for (const line of this.linesOf(process)) if (kinds.includes(line.kind)) this.snap(line);
  }

  /** Every connection between two processes is reset. */
  resetBetween(one: Process, other: Process): void {
    for (const line of this.linesBetween(one, other)) this.snap(line);
  }

  /** Packets of a process are lost and sent again for a while: everything comes late. */
  stall(process: Process, durationMs: number): void {
    for (const line of this.linesOf(process)) line.hold(this.agenda.nowMs + durationMs, bothWays);
  }

  /** The same of its command connections alone, one way. */
  stallCommands(process: Process, way: Direction, durationMs: number): void {
    for (const line of this.linesOf(process)) {
      if (line.kind === "command") line.hold(this.agenda.nowMs + durationMs, [way]);
    }
  }

  /** The same between two processes. */
  stallBetween(one: Process, other: Process, durationMs: number): void {
    for (const line of this.linesBetween(one, other)) {
      line.hold(this.agenda.nowMs + durationMs, bothWays);
    }
  }

  private linesBetween(one: Process, other: Process): Line[] {
    return this.linesOf(one).filter(
      (line) => line.client.process === other || line.server?.process === other,
    );
  }

  private snap(line: Line): void {
    const [upShare, downShare] = [this.random.float(), this.random.float()];
    const [serverInMs, clientInMs] = [this.noticeMs(line), this.noticeMs(line)];
    this.breakIfOpen(line, { upShare, downShare, serverInMs, clientInMs });
  }

  private linesOf(process: Process): Line[] {
    return [...this.lines].filter(
      (line) => line.client.process === process || line.server?.process === process,
    );
  }

  private breakIfOpen(line: Line, breaking: Breaking): void {
    if (line.state === "open") line.breakOff(breaking);
  }

  /**
   * How long an end takes to see that the other one is gone: 2 to 4 ms by an XPUB, 1 to 7 by a
   * ROUTER.
   */
  private noticeMs(line: Line): number {
    return line.kind === "event" ? this.random.between(2, 4) : this.random.between(1, 7);
  }

  /** How long it takes until an attempt of a transmitter to connect has failed. */
  private triedMs(line: Line): number {
    const server = this.eventServers.get(line.address);
    if (server === undefined || line.kind !== "event" || line.terms.isMute !== true) return 0;
    return this.cuts.areBetween(line.client.process, server.process) ? linkConnectMs : 0;
  }

  /** Whether a process can be connected to by who dials. */
  private isThere(process: Process, line: Line): boolean {
    const { process: client } = line.client;
    return process.state === "running" && !this.cuts.areBetween(client, process);
  }

  private connected(line: EventLine): EventLine {
    this.lines.add(line);
    this.dialEvents(line);
    return line;
  }

  private dial(line: Line, connect: () => boolean): void {
    this.agenda.in(this.delayMs() * 3, () => {
      const { process } = line.client;
      if (line.state !== "dialing" || process.state === "dead") return;
      if (process.state === "running" && connect()) return;
      const pauseMs = line.kind === "event" ? line.nextRedialMs() : redialMsMin;
      this.agenda.in(this.triedMs(line) + pauseMs, () => this.dial(line, connect));
    });
  }
}

/** Where the topic of a message ends: behind one word, or two between transmitters. */
function topicEnd(head: Buffer): number {
  const first = head.indexOf(0x20) + 1;
  return head[0] === 0x40 ? head.indexOf(0x20, first) + 1 : first;
}
