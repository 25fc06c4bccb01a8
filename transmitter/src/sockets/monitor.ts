import type { Event, Observer } from "zeromq";

/** What a monitor tells. */
export interface MonitorHandlers {
  /** A connection was taken; `endpoint` is our own end of it. */
  accepted?(endpoint: string): void;
  /** A connection has finished its handshake; `endpoint` is our own end of it. */
  shook?(endpoint: string): void;
  /** A connection could not be taken: the process has no file descriptor left, for instance. */
  acceptFailed?(error: Error): void;
  /** A connection ended before it was one; `kind` says why. */
  handshakeFailed?(kind: string): void;
}

/**
 * Reads what ZeroMQ tells of a socket's connections until the socket is closed.
 *
 * Keep what is returned: an observer that nobody refers to is collected, and then tells nothing.
 * ZeroMQ names our own end of a connection, never the peer's.
 */
export async function monitor(observer: Observer, handlers: MonitorHandlers): Promise<void> {
  while (!observer.closed) {
    let event: Event | undefined;
    try {
      event = await observer.receive();
    } catch (error) {
      if (observer.closed) return;
      throw error;
    }
    if (event !== undefined) tell(event, handlers);
  }
}

function tell(event: Event, handlers: MonitorHandlers): void {
  switch (event.type) {
    case "accept":
      handlers.accepted?.(event.address);
      break;
    case "handshake":
      handlers.shook?.(event.address);
      break;
    case "accept:error":
      handlers.acceptFailed?.(event.error);
      break;
    case "handshake:error:protocol":
      handlers.handshakeFailed?.(event.error.code);
      break;
    case "handshake:error:auth":
      handlers.handshakeFailed?.(`status ${event.error.status}`);
      break;
    case "handshake:error:other":
      handlers.handshakeFailed?.(event.error.code);
      break;
    default:
      break;
  }
}
