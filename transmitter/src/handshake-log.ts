import type { Logger } from "pino";

/** How often one kind of failure is logged, in ms. */
const everyMs = 60_000;

const meanings: Readonly<Record<string, string>> = {
  ERR_ZMTP_MECHANISM_MISMATCH: "the peer spoke another security mechanism than this port",
  "not ZMTP 3": "the peer did not speak ZMTP 3: HTTP, perhaps",
  EAGAIN: "the peer said nothing, or too little, for 2 s",
  EPIPE: "the peer left, or its socket is of a kind that this port does not take",
};

/**
 * Logs connections that never became one, each kind at most once a minute: strangers can cause them
 * at will.
 */
export class HandshakeLog {
  private readonly log: Logger;
  private readonly saidMs = new Map<string, number>();
  private count = 0;

  constructor(log: Logger) {
    this.log = log;
  }

  /** Handshakes that failed. */
  get failures(): number {
    return this.count;
  }

  failed(socket: "command" | "event", kind: string): void {
    this.count++;
    const nowMs = performance.now();
    const key = `${socket} ${kind}`;
    if (nowMs - (this.saidMs.get(key) ?? -everyMs) < everyMs) return;
    this.saidMs.set(key, nowMs);
    const why = meanings[kind] ?? "its bytes were not what ZMTP expects";
    this.log.warn({ socket, kind, why }, "a connection failed its handshake");
  }
}
