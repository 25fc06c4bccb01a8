import { setImmediate as yieldToLoop } from "node:timers/promises";
import type { Event, Observer } from "zeromq";

/** What a monitor tells. */
export interface MonitorHandlers {
  /** A connection was taken; `endpoint` is our own end of it. */
  accepted(endpoint: string): void;
  /** A connection has finished its handshake; `endpoint` is our own end of it. */
  shook?(endpoint: string): void;
  /** A connection could not be taken: there is no file descriptor left, for instance. */
  acceptFailed(error: Error): void;
  /** A connection ended before it was one; `kind` says why. */
  handshakeFailed(kind: string): void;
}

/**
 * Events between two turns of the event loop. Without a descriptor left libzmq tells of failures
 * faster than anybody reads, and it waits for the reader when 2000 are unread.
 */
const eventsPerTurn = 32;

/**
 * Reads what ZeroMQ tells of a socket's connections until the socket is closed.
 *
 * Keep the observer: one that nobody refers to is collected, and then tells nothing. ZeroMQ names
 * our own end of a connection, never the peer's.
 */
export async function monitor(observer: Observer, handlers: MonitorHandlers): Promise<void> {
  const teller = new Teller(handlers);
  for (let count = 1; !observer.closed; count++) {
    if (count % eventsPerTurn === 0) await yieldToLoop();
    let event: Event | undefined;
    try {
      event = await observer.receive();
    } catch (error) {
      if (observer.closed) return;
      throw error;
    }
    if (event !== undefined) teller.tell(event);
  }
}

/**
 * Turns events into what they mean.
 *
 * A peer whose greeting is no ZMTP 3 only shows as a connection that ends without a handshake.
 * Events do not say whose they are, so while one connection is in its handshake the end of another
 * one can pass for it: a warning too many, once a minute.
 */
class Teller {
  private readonly handlers: MonitorHandlers;
  /** Connections in their handshake. */
  private pending = 0;
  /** Failures that were told, and whose end is still to come. */
  private failed = 0;

  constructor(handlers: MonitorHandlers) {
    this.handlers = handlers;
  }

  tell(event: Event): void {
    switch (event.type) {
      case "accept":
        this.pending++;
        this.handlers.accepted(event.address);
        break;
      case "handshake":
        this.pending = Math.max(0, this.pending - 1);
        this.handlers.shook?.(event.address);
        break;
      case "accept:error":
        this.handlers.acceptFailed(event.error);
        break;
      case "handshake:error:protocol":
      case "handshake:error:other":
        this.failure(event.error.code);
        break;
      case "handshake:error:auth":
        this.failure(`status ${event.error.status}`);
        break;
      case "disconnect":
        this.disconnected();
        break;
      default:
        break;
    }
  }

  private failure(kind: string): void {
    this.failed++;
    this.pending = Math.max(0, this.pending - 1);
    this.handlers.handshakeFailed(kind);
  }

  private disconnected(): void {
    if (this.failed > 0) this.failed--;
    else if (this.pending > 0) {
      this.pending--;
      this.handlers.handshakeFailed("not ZMTP 3");
    }
  }
}
