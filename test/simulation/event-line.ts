import type { Breaking, Direction, LineState } from "./lines.js";
import type { Network } from "./network.js";
import { Pipe } from "./pipe.js";
import type { Process } from "./process.js";
import type { Proxy } from "./proxy.js";

/** The end of an event connection that dialled: the SUB of a cell or of a transmitter. */
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

interface Notice {
  readonly isWish: boolean;
  readonly topic: string;
}

/** How long a socket waits before it tries again to connect for the first time. */
export const redialMsMin = 100;

/** What ZMTP puts before each part of a message, if it is short. */
const partHeadBytes = 2;

type Message = readonly [head: Buffer, part: Buffer];

/** What an event connection is like. */
export interface EventLineTerms {
  /** Messages that it holds; what comes then is dropped. */
  readonly pipeMax: number;
  /** The longest pause between two attempts to connect, in ms; they double up to it. */
  readonly redialMsMax: number;
  /** What stands between the two ends. */
  readonly proxy?: Proxy;
  /**
   * Whether the end that dialled says nothing by itself: then it learns of a cut by the other end's
   * farewell, which the system repeats ever more rarely, or when it says something after all.
   */
  readonly isMute?: boolean;
}

/**
 * One event connection: a SUB, which connects again by itself and then repeats its subscriptions.
 */
export class EventLine {
  readonly kind = "event";
  readonly client: EventClient;
  readonly address: string;
  readonly terms: EventLineTerms;
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
  private down: Pipe<Message> | undefined;
  private pending = 0;
  private attempts = 0;

  constructor(network: Network, address: string, { client, ...terms }: Dialling) {
    this.network = network;
    this.address = address;
    this.client = client;
    this.terms = terms;
  }

  opened(server: EventServer): void {
    this.server = server;
    this.state = "open";
    this.offered.clear();
    this.pending = 0;
    this.attempts = 0;
    const { agenda } = this.network;
    const delayMs = (): number => this.network.delayMs();
    const up = new Pipe<Notice>(agenda, delayMs, (notice) => this.notice(notice));
    this.up = up;
    this.down = new Pipe<Message>(agenda, delayMs, (message) => this.arrived(up, message));
    for (const topic of this.wishes) up.send({ isWish: true, topic });
  }

  /** How long it waits until it tries again to connect. */
  nextRedialMs(): number {
    return Math.min(redialMsMin * 2 ** this.attempts++, this.terms.redialMsMax);
  }

  subscribe(topic: string): void {
    this.wishes.add(topic);
    this.say({ isWish: true, topic });
  }

  unsubscribe(topic: string): void {
    if (this.wishes.delete(topic)) this.say({ isWish: false, topic });
  }

  /** Whether its XPUB lets messages of this topic through to it. */
  isAdmitted(topic: string): boolean {
    return this.state !== "closed" && this.offered.get(topic) === true;
  }

  /** Sends a message on that it was let through to; drops it, silently, if the pipe is full. */
  publish(head: Buffer, part: Buffer): void {
    if (this.pending >= this.terms.pipeMax) {
      this.dropped++;
      this.network.droppedMessages++;
      return;
    }
    const { proxy } = this.terms;
    if (proxy === undefined) {
      this.pass([head, part]);
      return;
    }
    this.network.linkBytes += head.length + part.length + 2 * partHeadBytes;
    for (const lateMs of proxy.copies()) this.passIn(lateMs, [head, part]);
  }

  /** The end that dialled closes it. */
  close(): void {
    const was = this.state;
    this.state = "closed";
    if (was === "open") this.breakOff({ upShare: 1, downShare: 0, serverInMs: 1, clientInMs: 0 });
    else this.network.forget(this);
  }

  hold(untilMs: number, directions: readonly Direction[]): void {
    if (directions.includes("up")) this.up?.hold(untilMs);
    if (directions.includes("down")) this.down?.hold(untilMs);
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
    if (clientInMs < Number.POSITIVE_INFINITY) agenda.in(clientInMs, this.learner());
  }

  /** What tells the end that dialled that the present connection is gone. */
  learner(): () => void {
    const { up } = this;
    return () =>
      this.client.process.whenAwake(() => {
        if (this.up === up) this.redial();
      });
  }

  private say(notice: Notice): void {
    if (this.state === "open") this.up?.send(notice);
    else if (this.state === "broken") this.network.unanswered(this);
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

  private pass(message: Message): void {
    this.pending++;
    this.down?.send(message);
  }

  private passIn(lateMs: number, message: Message): void {
    const { down, up } = this;
    if (lateMs === 0) this.pass(message);
    else {
      this.network.agenda.in(lateMs, () => {
        if (this.down !== down || this.state !== "open") return;
        this.pending++;
        this.arrived(up, message);
      });
    }
  }

  /** A message has come by this connection, which may be the one before. */
  private arrived(up: Pipe<Notice> | undefined, [head, part]: Message): void {
    this.client.process.post(() => {
      if (this.up === up) this.pending--;
      if (this.state !== "closed") this.client.published(head, part);
    });
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
        this.network.admitted(server, topic, this);
      }
    });
  }
}

interface Dialling extends EventLineTerms {
  readonly client: EventClient;
}
