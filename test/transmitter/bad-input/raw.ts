import { connect, type Socket } from "node:net";

import { eventually } from "../../support/eventually.js";

/** A bare TCP connection, on which no library says what is right. */
export class RawConnection {
  /** Bytes that came back. */
  received = 0;
  private readonly socket: Socket;
  private ended = false;

  constructor(endpoint: string) {
    const { hostname, port } = new URL(endpoint);
    this.socket = connect(Number(port), hostname);
    this.socket.on("data", (data) => {
      this.received += data.length;
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.ended = true;
    });
  }

  send(...bytes: readonly (Buffer | string)[]): void {
    for (const some of bytes) this.socket.write(some);
  }

  /** Resolves when the other side has ended the connection. */
  async gone(withinMs = 10_000): Promise<void> {
    await eventually(
      () => {
        if (!this.ended) throw new Error("the connection still stands");
      },
      { withinMs },
    );
  }

  /** Resolves when this many bytes have come. */
  async answered(bytes = 1): Promise<void> {
    await eventually(() => {
      if (this.received < bytes) throw new Error(`${this.received} bytes came`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The 64 bytes with which a ZMTP 3.0 peer opens a connection. */
export function greeting(mechanism = "NULL"): Buffer {
  const bytes = Buffer.alloc(64);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write(mechanism, 12, "latin1");
  return bytes;
}

/** The command that ends a handshake without security, of a socket of this type. */
export function readiness(socketType: string): Buffer {
  const value = Buffer.from(socketType);
  const length = Buffer.from([0, 0, 0, value.length]);
  const property = [Buffer.from("\x0bSocket-Type", "latin1"), length, value];
  const body = Buffer.concat([Buffer.from("\x05READY", "latin1"), ...property]);
  return Buffer.concat([Buffer.from([0x04, body.length]), body]);
}

/** The head of a frame that claims to be this long. */
export function longFrameHead(length: bigint): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 0x02;
  head.writeBigUInt64BE(length, 1);
  return head;
}
