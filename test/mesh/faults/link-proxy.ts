import { createConnection, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

import { SeededRandom } from "../../simulation/random.js";
import { ZmtpMessages } from "./zmtp-messages.js";

/** What a proxy does to messages on their way from the event socket, in shares of 1. */
export interface Mischief {
  readonly duplicated: number;
  /** Changes places with the next message. */
  readonly swapped: number;
  /** Waits, and with it all that comes behind. */
  readonly delayed: number;
  readonly delayMs: number;
}

/** How often it did so. */
export interface MischiefCounts {
  passed: number;
  duplicated: number;
  swapped: number;
  delayed: number;
}

/** Nothing but passing on. */
export const noMischief: Mischief = { duplicated: 0, swapped: 0, delayed: 0, delayMs: 0 };

/** Where a proxy listens, and for whom. */
export interface ProxyAddresses {
  readonly host: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly target: { readonly host: string; readonly port: number };
}

/** Stands before an event socket, and duplicates, swaps and delays whole messages of it. */
export class LinkProxy {
  readonly counts: MischiefCounts = { passed: 0, duplicated: 0, swapped: 0, delayed: 0 };
  mischief = noMischief;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly random: SeededRandom;

  private constructor({ target }: ProxyAddresses, seed: number) {
    this.random = new SeededRandom(seed);
    this.server = createServer((outer) => {
      const inner = createConnection(target);
      this.join(outer, inner);
    });
  }

  static async listen(addresses: ProxyAddresses, seed: number): Promise<LinkProxy> {
    const proxy = new LinkProxy(addresses, seed);
    proxy.server.listen(addresses.port ?? 0, addresses.host);
    await once(proxy.server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as { readonly port: number }).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(outer: Socket, inner: Socket): void {
    for (const socket of [outer, inner]) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on("error", () => {});
      socket.on("close", () => {
        this.sockets.delete(socket);
        outer.destroy();
        inner.destroy();
      });
    }
    outer.pipe(inner);
    const lane = new Lane(outer, this);
    inner.on("data", (bytes) => lane.take(bytes));
  }

  /** Draws once for a message. */
  draw(share: number): boolean {
    return share > 0 && this.random.chance(share);
  }
}

/** One connection, from the event socket to who listens to it. */
class Lane {
  private readonly out: Socket;
  private readonly proxy: LinkProxy;
  private readonly messages = new ZmtpMessages();
  /** A message that waits for the next one, to follow it. */
  private late: Buffer | undefined;
  private lateTimer: NodeJS.Timeout | undefined;
  /** Resolves when all that was delayed has gone. */
  private going: Promise<void> | undefined;

  constructor(out: Socket, proxy: LinkProxy) {
    this.out = out;
    this.proxy = proxy;
  }

  take(bytes: Buffer): void {
    for (const piece of this.messages.take(bytes)) {
      if (piece.isMessage) this.pass(piece.bytes);
      else this.write(piece.bytes);
    }
  }

  private pass(message: Buffer): void {
    const { counts, mischief } = this.proxy;
    counts.passed++;
    if (this.proxy.draw(mischief.delayed)) {
      counts.delayed++;
      this.wait(mischief.delayMs);
    }
    if (this.late === undefined && this.proxy.draw(mischief.swapped)) {
      this.late = message;
      this.lateTimer = setTimeout(() => this.follow(), lateMsMax);
      return;
    }
    this.write(message);
    if (this.proxy.draw(mischief.duplicated)) {
      counts.duplicated++;
      this.write(message);
    }
    if (this.late !== undefined) counts.swapped++;
    this.follow();
  }

  private follow(): void {
    clearTimeout(this.lateTimer);
    if (this.late !== undefined) this.write(this.late);
    this.late = undefined;
  }

  private wait(ms: number): void {
    const before = this.going ?? Promise.resolve();
    const going = before.then(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
    this.going = going;
    void going.then(() => {
      if (this.going === going) this.going = undefined;
    });
  }

  private write(bytes: Buffer): void {
    if (this.going === undefined) this.out.write(bytes);
    else void this.going.then(() => this.out.write(bytes));
  }
}

/** How long a message waits for another one to change places with. */
const lateMsMax = 50;
