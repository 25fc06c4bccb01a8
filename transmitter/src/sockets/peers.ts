import { PeerQueue } from "./peer-queue.js";

/** What the command socket remembers of one connection. */
export interface Peer {
  readonly connection: string;
  readonly routingId: Buffer;
  /** Whether its last message came behind an empty delimiter; answers then carry one too. */
  delimited: boolean;
  /** Whether it was heard of, or written to, since the last sweep. */
  fresh: boolean;
  readonly waiting: PeerQueue;
}

/**
 * Connections without traffic for one to two of these are forgotten; a cell beats four times a
 * second. In ms.
 */
const sweepMs = 30_000;

/** A routing id that the socket chose: a zero byte and a number. */
const routingIdBytes = 5;

/** The connections of a command socket, by their names: routing ids as latin-1 text. */
export class Peers {
  private readonly peers = new Map<string, Peer>();
  private readonly sweeper = setInterval(() => this.sweep(), sweepMs).unref();

  get count(): number {
    return this.peers.size;
  }

  /** Finds the peer of a connection; one that is not known, or was forgotten, is made anew. */
  of(connection: string): Peer {
    const peer = this.peers.get(connection) ?? this.add(connection);
    peer.fresh = true;
    return peer;
  }

  forget(peer: Peer): void {
    peer.waiting.clear();
    this.peers.delete(peer.connection);
  }

  close(): void {
    clearInterval(this.sweeper);
    this.peers.clear();
  }

  private add(connection: string): Peer {
    const peer: Peer = {
      connection,
      routingId: Buffer.from(connection, "latin1"),
      delimited: false,
      fresh: true,
      waiting: new PeerQueue(),
    };
    this.peers.set(connection, peer);
    return peer;
  }

  private sweep(): void {
    for (const peer of this.peers.values()) {
      if (!peer.fresh && peer.waiting.empty) this.peers.delete(peer.connection);
      peer.fresh = false;
    }
  }
}

/**
 * Tells whether the socket chose this routing id.
 *
 * A connection that chooses its own could take the name of another one, or mute it.
 */
export function isOurRoutingId(routingId: Buffer): boolean {
  return routingId[0] === 0 && routingId.length === routingIdBytes;
}
