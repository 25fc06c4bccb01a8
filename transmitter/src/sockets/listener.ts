import { setTimeout as delay } from "node:timers/promises";
import { Context, type Observer } from "zeromq";
import { CommandSocket, type CommandSocketHandlers } from "./command-socket.js";
import { EventSocket, type EventSocketHandlers } from "./event-socket.js";
import { LinkSocket, type LinkSocketHandlers } from "./link-socket.js";
import { monitor, type MonitorHandlers } from "./monitor.js";
import { Pump, TurnBudget } from "./pump.js";

/** How the sockets of a transmitter are made. */
export interface ListenerOptions {
  readonly ipv6: boolean;
  readonly mesh: string;
  readonly deadAfterMs: number;
  readonly queueBytesMax: number;
  readonly highWaterMark: number;
}

/** What the sockets tell the transmitter. */
export interface ListenerHandlers {
  readonly command: CommandSocketHandlers & {
    /** A message of a connection came: its parts without the routing id. */
    received(connection: string, parts: readonly Buffer[]): void;
  };
  readonly events: EventSocketHandlers;
  readonly links: LinkSocketHandlers;
  readonly commandMonitor: MonitorHandlers;
  readonly eventMonitor: MonitorHandlers;
  /** A batch was read: what it caused goes out before the next one. */
  turn(): Promise<void>;
  /** A pump ended by an error: a defect. */
  readonly failed: (error: unknown) => void;
}

/** What of the two sockets. */
export type Which = "command" | "events";

/**
 * How long an observer may outlive its socket, in ms. It ends by the last event of the socket,
 * which libzmq loses once in 300 times: then the process would never end. Closed before the socket
 * is gone, an observer would block it.
 */
const observerMs = 250;

/**
 * How long the pump of a link waits in one piece, in ms: nobody waits for it to pause. Not for
 * ever, since to connect may use up the sign that a message is there.
 */
const linkParkMs = 1000;

/** How often it is looked whether all who hear events have gone, in ms. */
const goneMs = 10;

/**
 * Sockets of one transmitter, with a context of their own, so that a close here ends nobody else's.
 */
export class Listener {
  readonly command: CommandSocket;
  readonly events: EventSocket;
  readonly links: LinkSocket;
  private readonly pumps: Readonly<Record<Which, Pump>>;
  private readonly linkPumps: readonly Pump[];
  private readonly handlers: ListenerHandlers;
  // An observer that nobody refers to would be collected.
  private readonly observers: readonly Observer[];
  /** Resolves when both sockets are gone, and their ports free. */
  private readonly monitors: Promise<unknown>;
  private readonly bound = new Map<Which, string>();
  /** Those of the bound ones that take no connections for now. */
  private readonly closedOff = new Set<Which>();

  constructor(options: ListenerOptions, handlers: ListenerHandlers) {
    this.handlers = handlers;
    const shared = { ...options, context: new Context() };
    this.command = new CommandSocket(shared, handlers.command);
    this.events = new EventSocket(shared, handlers.events);
    this.links = new LinkSocket(shared, handlers.links);
    this.observers = [this.command.socket.events, this.events.socket.events];
    const [ofCommand, ofEvents] = this.observers as [Observer, Observer];
    this.monitors = Promise.all([
      monitor(ofCommand, handlers.commandMonitor).catch(handlers.failed),
      monitor(ofEvents, handlers.eventMonitor).catch(handlers.failed),
    ]);
    const turn = (): Promise<void> => handlers.turn();
    const budget = new TurnBudget();
    const takeCommand = (parts: Buffer[]): void => {
      const connection = this.command.admit(parts);
      if (connection !== undefined) handlers.command.received(connection, parts);
    };
    const takeNotice = (parts: Buffer[]): void => this.events.take(parts);
    const takeLink = (parts: Buffer[]): void => this.links.take(parts);
    this.pumps = {
      command: new Pump(this.command.socket, { take: takeCommand, turn }, budget),
      events: new Pump(this.events.socket, { take: takeNotice, turn }, budget),
    };
    this.linkPumps = this.links.sockets.map(
      (socket) => new Pump(socket, { take: takeLink, turn }, budget),
    );
  }

  /** Binds one socket and returns the endpoint with its port. Before `start`. */
  async bind(which: Which, endpoint: string): Promise<string> {
    const { socket } = this[which];
    await socket.bind(endpoint);
    const bound = socket.lastEndpoint ?? endpoint;
    this.bound.set(which, bound);
    return bound;
  }

  /** Begins to hear other transmitters. */
  start(): void {
    this.run(this.pumps.events);
    for (const pump of this.linkPumps) this.run(pump, linkParkMs);
  }

  /** Begins to hear cells. */
  open(): void {
    this.run(this.pumps.command);
  }

  /**
   * Takes no more connections, and ends those that stand: libzmq keeps none without its listener.
   *
   * ZeroMQ unbinds on another thread and forbids all else meanwhile, so both pumps and both writers
   * rest for it: at most a fifth of a second. Links go on.
   */
  async unbind(): Promise<void> {
    const { command, events } = this.pumps;
    await Promise.all([command.pause(), events.pause()]);
    this.command.hold();
    this.events.hold();
    try {
      for (const [which, endpoint] of this.bound) {
        if (!this.closedOff.has(which)) await this[which].socket.unbind(endpoint);
        this.closedOff.add(which);
      }
    } finally {
      this.events.unhold();
      this.command.unhold();
      command.resume();
      events.resume();
    }
  }

  /**
   * Takes connections of one more socket again, at its old endpoint, and tells whether that was the
   * last one.
   *
   * One at a time: to bind, libzmq opens a file, and where it cannot it ends the process. The port
   * that takes connections already may use up what is left, so look before each.
   */
  rebindNext(): boolean {
    for (const which of this.closedOff) {
      this[which].socket.bindSync(this.bound.get(which) ?? "");
      this.closedOff.delete(which);
      break;
    }
    return this.closedOff.size === 0;
  }

  /**
   * Closes all sockets; resolves when their ports are free. What was sent goes out for at most
   * `lingerMs`, and not at all if that is 0.
   */
  async close(lingerMs: number): Promise<void> {
    for (const pump of this.linkPumps) pump.stop();
    this.links.close();
    // Who has heard the farewell leaves. Until then the event socket is read: see `keptAlive`.
    for (let ms = 0; ms < lingerMs && this.events.isHeard; ms += goneMs) await delay(goneMs);
    for (const pump of Object.values(this.pumps)) pump.stop();
    this.command.close(lingerMs);
    this.events.close();
    const late = delay(lingerMs + observerMs, undefined, { ref: false });
    await Promise.race([this.monitors, late]);
    for (const observer of this.observers) if (!observer.closed) observer.close();
  }

  private run(pump: Pump, parkMs?: number): void {
    pump.run(parkMs).catch(this.handlers.failed);
  }
}
