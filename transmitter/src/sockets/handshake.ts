/** A connection that has not finished its handshake by then is closed, in ms. */
export const handshakeMs = 2000;

/**
 * A name without a meaning: where there is one, libzmq refuses peers that speak less than ZMTP 3.
 *
 * Without it almost any bytes are an old peer's greeting (a request in HTTP is one), no time-out
 * ends such a connection, and it keeps its file descriptor.
 */
export const zapDomain = "thynapse";
