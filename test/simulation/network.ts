import type { Agenda } from "./agenda.js";
import {
  type Breaking,
  type CommandClient,
  CommandLine,
  type CommandServer,
  type EventClient,
  EventLine,
  type EventServer,
} from "./lines.js";
import type { Process } from "./process.js";
import type { SeededRandom } from "./random.js";

/** What the network is like in one run. */
export interface NetworkTerms {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Share of messages that take up to 20 times as long. */
  readonly lateShare: number;
  /** Messages that an event connection holds; what comes then is dropped. */
  readonly eventPipeMax: number;
}

/** Silence after which ZMTP heartbeats cut a connection: every 400 ms, 1200 ms of patience. */
const heartbeatCutMs = { min: 1200, max: 1450 };
/** How long a socket waits between two attempts to connect. */
const redialMs = 100;
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
  private readonly random: SeededRandom;
  private readonly commandServers = new Map<string, CommandServer>();
  private readonly eventServers = new Map<string, EventServer>();
  private readonly lines = new Set<Line>();
  private readonly linesById = new Map<string, CommandLine>();
  private readonly cutUntilMs = new Map<Process, number>();
  private nextId = 1;

  constructor(agenda: Agenda, random: SeededRandom, terms: NetworkTerms) {
    this.agenda = agenda;
    this.random = random;
    this.terms = terms;
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
      if (server === undefined || !this.isThere(server.process)) return false;
      const id = `c${this.nextId++}`;
      this.linesById.set(id, line);
      line.opened(server, id);
      return true;
    });
    return line;
  }

  /** A cell connects a SUB. */
  connectEvents(address: string, client: EventClient): EventLine {
    const line = new EventLine(this, address, client);
    this.lines.add(line);
    this.dialEvents(line);
    return line;
  }

  dialEvents(line: EventLine): void {
    this.dial(line, () => {
      const server = this.eventServers.get(line.address);
      if (server === undefined || !this.isThere(server.process)) return false;
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
    const topic = head.toString("latin1", 0, head.indexOf(0x20) + 1);
    for (const line of this.lines) {
      if (line.kind === "event" && line.server === server) line.publish(topic, head, part);
    }
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
    const untilMs = this.agenda.nowMs + durationMs;
    this.cutUntilMs.set(process, Math.max(untilMs, this.cutUntilMs.get(process) ?? 0));
    for (const line of this.linesOf(process)) {
      line.hold(untilMs);
      const cutMs = this.random.between(heartbeatCutMs.min, heartbeatCutMs.max);
      if (cutMs >= durationMs) continue;
      this.agenda.in(cutMs, () => {
        const laterMs = this.random.between(0, 100);
        this.breakIfOpen(line, { upShare: 0, downShare: 0, serverInMs: 0, clientInMs: laterMs });
      });
    }
  }

  /**
   * Connections of a process are reset: what is on its way is lost, and both ends know it at once.
   */
  reset(process: Process, kinds: readonly Line["kind"][]): void {
    for (const line of this.linesOf(process)) {
      if (!kinds.includes(line.kind)) continue;
      const [upShare, downShare] = [this.random.float(), this.random.float()];
      const [serverInMs, clientInMs] = [this.noticeMs(line), this.noticeMs(line)];
      this.breakIfOpen(line, { upShare, downShare, serverInMs, clientInMs });
    }
  }

  /** Packets of a process are lost and sent again for a while: everything comes late. */
  stall(process: Process, durationMs: number): void {
    for (const line of this.linesOf(process)) line.hold(this.agenda.nowMs + durationMs);
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

  private isThere(process: Process): boolean {
    return process.state === "running" && !this.isCut(process);
  }

  private isCut(process: Process): boolean {
    return (this.cutUntilMs.get(process) ?? 0) > this.agenda.nowMs;
  }

  private dial(line: Line, connect: () => boolean): void {
    this.agenda.in(this.delayMs() * 3, () => {
      const { process } = line.client;
      if (line.state !== "dialing" || process.state === "dead") return;
      if (process.state === "running" && !this.isCut(process) && connect()) return;
      this.agenda.in(redialMs, () => this.dial(line, connect));
    });
  }
}
