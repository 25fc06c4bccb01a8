import type { Context } from "zeromq";

/** What the sockets of a transmitter are told alike. */
export interface ListeningOptions {
  readonly context: Context;
  readonly ipv6: boolean;
  /** Name of the mesh, which every handshake says. */
  readonly mesh: string;
  /** Silence after which a connection is cut, in ms. */
  readonly deadAfterMs: number;
}

/** A connection that has not finished its handshake by then is closed, in ms. */
const handshakeMs = 2000;

/**
 * A name without a meaning: where there is one, libzmq refuses peers that speak less than ZMTP 3.
 *
 * Without it almost any bytes are an old peer's greeting (a request in HTTP is one), no time-out
 * ends such a connection, and it keeps its file descriptor.
 */
const zapDomain = "thynapse";

/**
 * Connections that may wait to be accepted; the system caps it (Linux at `net.core.somaxconn`).
 *
 * Beyond it Linux drops the last step of a connection's set-up: the peer takes itself for
 * connected, and is heard seconds later. The 100 of libzmq are few when a fleet comes back.
 */
const acceptBacklog = 4096;

/** `ZMQ_METADATA`, which zeromq does not name: a property of every handshake, `name:value`. */
export const metadataOption = 95;

/**
 * When TCP gives up a silent connection: it asks after 5 s, and twice more. No sooner, since a cell
 * that reads nothing for a while looks the same to it.
 *
 * No socket that may be slow in reading has heartbeats of ZMTP: where libzmq has stopped reading
 * for want of room, and the other end dies, its own next heartbeat ends the whole process
 * (`Assertion failed: !_io_error`, libzmq 4.3.5). A heartbeat is asked for by one side, and
 * answered by the other: it is the event socket that asks, since it always has room.
 */
export const keptAlive = Object.freeze({
  tcpKeepalive: 1,
  tcpKeepaliveIdle: 5,
  tcpKeepaliveInterval: 5,
  tcpKeepaliveCount: 2,
});

/** The options of ZeroMQ that the command and the event socket have in common. */
export function listening({ context, ipv6 }: ListeningOptions) {
  return {
    context,
    ipv6,
    zapDomain,
    backlog: acceptBacklog,
    sendTimeout: 0,
    linger: 0,
    handshakeInterval: handshakeMs,
    ...keptAlive,
  };
}
