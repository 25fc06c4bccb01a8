import type { Transport } from "./transport.js";

/** What a transmitter calls to reach a cell in its own process. */
export interface InProcessClient {
  command(part: Buffer): void;
  events(head: Buffer, part: Buffer): void;
  closed(reason: string): void;
}

/** What a cell calls to reach the transmitter in its own process. */
export interface InProcessConnection {
  command(part: Buffer): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  close(): void;
}

/** A transmitter that takes cells of its own process. */
export interface InProcessTransmitter {
  connect(client: InProcessClient): InProcessConnection;
}

/** Makes the transport to a transmitter in this process. */
export function inProcess(transmitter: InProcessTransmitter): Transport {
  throw new Error(`not yet: ${typeof transmitter}`);
}
