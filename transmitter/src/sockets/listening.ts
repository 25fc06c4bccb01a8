import type { Context } from "zeromq";

/** What the sockets of a transmitter are told alike. */
export interface ListeningOptions {
  readonly context: Context;
  readonly ipv6: boolean;
  /** Name of the mesh, which every handshake says. */
  readonly mesh: string;
  /** Silence of a connection after which ZeroMQ cuts it, in ms; it asks three times as often. */
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

/** The options of ZeroMQ that the command and the event socket have in common. */
export function listening({ context, ipv6, deadAfterMs }: ListeningOptions) {
  return {
    context,
    ipv6,
    zapDomain,
    backlog: acceptBacklog,
    sendTimeout: 0,
    linger: 0,
    handshakeInterval: handshakeMs,
    heartbeatInterval: Math.round(deadAfterMs / 3),
    heartbeatTimeout: deadAfterMs,
    heartbeatTimeToLive: deadAfterMs,
  };
}
