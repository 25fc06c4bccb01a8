import { Pipe } from "./pipe.js";
import type { Process } from "./process.js";
import type { Network } from "./network.js";

/** The cell's end of a command connection. */
export interface CommandClient {
  readonly process: Process;
  connected(): void;
  disconnected(reason: string): void;
  received(part: Buffer): void;
}

/** The transmitter's end of all its command connections: a ROUTER. */
export interface CommandServer {
  readonly process: Process;
  received(connection: string, part: Buffer): void;
}

/** The cell's end of an event connection: a SUB. */
export interface EventClient {
  readonly process: Process;
  published(head: Buffer, part: Buffer): void;
}

/** The transmitter's end of all its event connections: an XPUB in manual mode. */
export interface EventServer {
  readonly process: Process;
  /** Whether exactly this topic is to be let through to the connection that asked. */
  subscribed(topic: Buffer): boolean;
  unsubscribed(topic: Buffer): void;
}

/**
 * - `dialing`: not connected yet, or not again.
 * - `open`: both ends know each other.
 * - `broken`: the ends learn of it one after the other.
 * - `closed`: the cell has given it up.
 */
type LineState = "dialing" | "open" | "broken" | "closed";

/** How a connection breaks: what still arrives, and when either end notices. */
export interface Breaking {
  readonly upShare: number;
  readonly downShare: number;
  readonly serverInMs: number;
  readonly clientInMs: number;
}

/** One command connection: a DEALER that a ROUTER knows by `id`. A broken one is never mended. */
export class CommandLine {
  readonly kind = "command";
  readonly client: CommandClient;
  readonly address: string;
  id = "";
  server: CommandServer | undefined;
  state: LineState = "dialing";
  /** Whether the ROUTER answers EHOSTUNREACH for it. */
  isUnreachable = false;
  private readonly network: Network;
  private up: Pipe<Buffer>;
  private down: Pipe<Buffer>;

  constructor(network: Network, address: string, client: CommandClient) {
    this.network = network;
    this.address = address;
    this.client = client;
    const { agenda } = network;
    const toServer = (part: Buffer): void =>
      this.server?.process.post(() => this.server?.received(this.id, part));
    const toClient = (part: Buffer): void => client.process.post(() => this.read(part));
    this.up = new Pipe(agenda, () => network.delayMs(), toServer);
    this.down = new Pipe(agenda, () => network.delayMs(), toClient);
  }

  opened(server: CommandServer, id: string): void {
    this.server = server;
    this.id = id;
    this.state = "open";
    this.client.process.post(() => {
      if (this.state !== "closed") this.client.connected();
    });
  }

  /** The cell sends. */
  send(part: Buffer): void {
    if (this.state === "open" || this.state === "broken") this.up.send(part);
  }

  /** The transmitter sends. @returns false for EHOSTUNREACH. */
  answer(part: Buffer): boolean {
    if (this.isUnreachable) return false;
    this.down.send(part);
    return true;
  }

  /** The cell closes it; what it has sent still arrives. */
  close(): void {
    const was = this.state;
    this.state = "closed";
    if (was !== "open") {
      this.network.forget(this);
      return;
    }
    this.breakOff({ upShare: 1, downShare: 0, serverInMs: 1, clientInMs: 0 });
  }

  hold(untilMs: number): void {
    this.up.hold(untilMs);
    this.down.hold(untilMs);
  }

  breakOff({ upShare, downShare, serverInMs, clientInMs }: Breaking): void {
    const { agenda } = this.network;
    if (this.state === "open") this.state = "broken";
    this.up.end(upShare);
    this.down.end(downShare);
    agenda.in(serverInMs, () => this.server?.process.whenAwake(() => this.lostByServer()));
    agenda.in(clientInMs, () => this.client.process.whenAwake(() => this.lostByClient()));
  }

  private lostByServer(): void {
    this.isUnreachable = true;
    this.network.forget(this);
  }

  private lostByClient(): void {
    this.client.process.post(() => {
      if (this.state === "closed") return;
      this.state = "closed";
      this.client.disconnected("the connection broke");
    });
  }

  private read(part: Buffer): void {
    if (this.state !== "closed") this.client.received(part);
  }
}

interface Notice {
  readonly isWish: boolean;
  readonly topic: string;
}

/**
 * One event connection: a SUB, which connects again by itself and then repeats its subscriptions.
 */
export class EventLine {
  readonly kind = "event";
  readonly client: EventClient;
  readonly address: string;
  server: EventServer | undefined;
  state: LineState = "dialing";
  /** Messages that found the pipe full. */
  dropped = 0;
  private readonly network: Network;
  private readonly wishes = new Set<string>();
  /**
   * What the XPUB knows of this connection: topics asked for, and whether they were let through.
   */
  private readonly offered = new Map<string, boolean>();
  private up: Pipe<Notice> | undefined;
  private down: Pipe<[Buffer, Buffer]> | undefined;
  private pending = 0;

  constructor(network: Network, address: string, client: EventClient) {
    this.network = network;
    this.address = address;
    this.client = client;
  }

  opened(server: EventServer): void {
    this.server = server;
    this.state = "open";
    this.offered.clear();
    this.pending = 0;
    const { agenda } = this.network;
    this.up = new Pipe(
      agenda,
      () => this.network.delayMs(),
      (notice) => this.notice(notice),
    );
    const generation = this.up;
    const toClient = ([head, part]: [Buffer, Buffer]): void =>
      this.client.process.post(() => {
        if (this.up === generation) this.pending--;
        if (this.state !== "closed") this.client.published(head, part);
      });
    this.down = new Pipe(agenda, () => this.network.delayMs(), toClient);
    for (const topic of this.wishes) this.up.send({ isWish: true, topic });
  }

  subscribe(topic: string): void {
    this.wishes.add(topic);
    if (this.state === "open") this.up?.send({ isWish: true, topic });
  }

  unsubscribe(topic: string): void {
    if (this.wishes.delete(topic) && this.state === "open") this.up?.send({ isWish: false, topic });
  }

  /** Sends a message on if its topic was let through; drops it, silently, if the pipe is full. */
  publish(topic: string, head: Buffer, part: Buffer): void {
    if (this.state === "closed" || this.offered.get(topic) !== true) return;
    if (this.pending >= this.network.terms.eventPipeMax) {
      this.dropped++;
      this.network.droppedMessages++;
      return;
    }
    this.pending++;
    this.down?.send([head, part]);
  }

  /** The cell closes it. */
  close(): void {
    const was = this.state;
    this.state = "closed";
    if (was === "open") this.breakOff({ upShare: 1, downShare: 0, serverInMs: 1, clientInMs: 0 });
    else this.network.forget(this);
  }

  hold(untilMs: number): void {
    this.up?.hold(untilMs);
    this.down?.hold(untilMs);
  }

  breakOff({ upShare, downShare, serverInMs, clientInMs }: Breaking): void {
    const { agenda } = this.network;
    const { server } = this;
    if (this.state === "open") this.state = "broken";
    this.up?.end(upShare);
    this.down?.end(downShare);
    const offered = [...this.offered.keys()];
    agenda.in(serverInMs, () =>
      server?.process.whenAwake(() => {
        this.lostByServer(server, offered);
      }),
    );
    agenda.in(clientInMs, () => this.client.process.whenAwake(() => this.redial()));
  }

  private lostByServer(server: EventServer, offered: readonly string[]): void {
    if (this.state !== "open") this.offered.clear();
    for (const topic of offered) {
      server.process.post(() => server.unsubscribed(Buffer.from(topic, "latin1")));
    }
    if (this.state === "closed") this.network.forget(this);
  }

  private redial(): void {
    if (this.state !== "broken") return;
    this.state = "dialing";
    this.network.dialEvents(this);
  }

  private notice({ isWish, topic }: Notice): void {
    const { server, up } = this;
    if (server === undefined) return;
    if (isWish && !this.offered.has(topic)) this.offered.set(topic, false);
    if (!isWish) this.offered.delete(topic);
    server.process.post(() => {
      const bytes = Buffer.from(topic, "latin1");
      if (!isWish) server.unsubscribed(bytes);
      else if (server.subscribed(bytes) && this.up === up && this.offered.has(topic)) {
        this.offered.set(topic, true);
      }
    });
  }
}
