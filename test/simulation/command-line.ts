import type { Breaking, Direction, LineState } from "./lines.js";
import type { Network } from "./network.js";
import { Pipe } from "./pipe.js";
import type { Process } from "./process.js";

/** The cell's end of a command connection. */
export interface CommandClient {
  readonly process: Process;
  connected(): void;
  disconnected(reason: string): void;
  received(part: Buffer): void;
}

/** The transmitter's end of all its command connections: a ROUTER. */
export interface CommandServer {
  readonly process: Process;
  received(connection: string, part: Buffer): void;
}

/** One command connection: a DEALER that a ROUTER knows by `id`. A broken one is never mended. */
export class CommandLine {
  readonly kind = "command";
  readonly client: CommandClient;
  readonly address: string;
  id = "";
  server: CommandServer | undefined;
  state: LineState = "dialing";
  /** Whether the ROUTER answers EHOSTUNREACH for it. */
  isUnreachable = false;
  private readonly network: Network;
  private up: Pipe<Buffer>;
  private down: Pipe<Buffer>;

  constructor(network: Network, address: string, client: CommandClient) {
    this.network = network;
    this.address = address;
    this.client = client;
    const { agenda } = network;
    const toServer = (part: Buffer): void =>
      this.server?.process.post(() => this.server?.received(this.id, part));
    const toClient = (part: Buffer): void => client.process.post(() => this.read(part));
    this.up = new Pipe(agenda, () => network.delayMs(), toServer);
    this.down = new Pipe(agenda, () => network.delayMs(), toClient);
  }

  opened(server: CommandServer, id: string): void {
    this.server = server;
    this.id = id;
    this.state = "open";
    this.client.process.post(() => {
      if (this.state !== "closed") this.client.connected();
    });
  }

  /** The cell sends. */
  send(part: Buffer): void {
    if (this.state === "open" || this.state === "broken") this.up.send(part);
  }

  /** The transmitter sends. @returns false for EHOSTUNREACH. */
  answer(part: Buffer): boolean {
    if (this.isUnreachable) return false;
    this.down.send(part);
    return true;
  }

  /** The cell closes it; what it has sent still arrives. */
  close(): void {
    const was = this.state;
    this.state = "closed";
    if (was !== "open") {
      this.network.forget(this);
      return;
    }
    // The end stands behind what was sent.
    const serverInMs = this.up.restMs + 1;
    this.breakOff({ upShare: 1, downShare: 0, serverInMs, clientInMs: 0 });
  }

  hold(untilMs: number, directions: readonly Direction[]): void {
    if (directions.includes("up")) this.up.hold(untilMs);
    if (directions.includes("down")) this.down.hold(untilMs);
  }

  breakOff({ upShare, downShare, serverInMs, clientInMs }: Breaking): void {
    const { agenda } = this.network;
    if (this.state === "open") this.state = "broken";
    this.up.end(upShare);
    this.down.end(downShare);
    agenda.in(serverInMs, () => this.server?.process.whenAwake(() => this.lostByServer()));
    agenda.in(clientInMs, () => this.client.process.whenAwake(() => this.lostByClient()));
  }

  private lostByServer(): void {
    this.isUnreachable = true;
    this.network.forget(this);
  }

  private lostByClient(): void {
    this.client.process.post(() => {
      if (this.state === "closed") return;
      this.state = "closed";
      this.client.disconnected("the connection broke");
    });
  }

  private read(part: Buffer): void {
    if (this.state !== "closed") this.client.received(part);
  }
}
