import type { MeshError } from "@thynapse/protocol";
import type { CatchHome } from "./catch-home.js";
import type { Emit, Line } from "./effects.js";
import type { CoreEnvironment, CoreOptions } from "./environment.js";
import { Session } from "./session.js";
import type { SessionHost } from "./session-host.js";
import { Settlements } from "./settlements.js";
import type { Welcome } from "./wire.js";

/** What a home needs of its cell. */
export interface CellHomeHost extends Pick<SessionHost, "history" | "hello"> {
  readonly emit: Emit;
  readonly env: CoreEnvironment;
  readonly options: CoreOptions;
  welcomed(home: CellHome, welcome: Welcome, same: boolean): void;
  detached(home: CellHome): void;
  streams(home: CellHome): readonly (readonly [number, number])[];
  failed(error: MeshError): void;
}

/** A transmitter that the cell is attached to, and what is said and settled there. */
export class CellHome implements CatchHome {
  readonly line: Line;
  readonly session: Session;
  readonly settlements: Settlements;
  private readonly emit: Emit;

  constructor(line: Line, host: CellHomeHost) {
    this.line = line;
    this.emit = host.emit;
    this.settlements = new Settlements(
      (part) => this.command(part),
      () => host.env.due?.("settlements"),
    );
    const { emit, history } = host;
    const { connectTimeoutMs } = host.options;
    this.session = new Session({
      ...{ emit, line, history, connectTimeoutMs },
      hello: () => host.hello(),
      welcomed: (welcome, same) => host.welcomed(this, welcome, same),
      detached: () => host.detached(this),
      streams: () => host.streams(this),
      failed: (error) => host.failed(error),
    });
  }

  get attachment(): number {
    return this.session.number;
  }

  command(part: Buffer): void {
    this.emit({ kind: "command", line: this.line, part });
  }

  openEvents(address: string): void {
    this.emit({ kind: "openEvents", line: this.line, address });
  }

  subscribe(topic: string): void {
    this.emit({ kind: "subscribe", line: this.line, subscription: `${topic} ` });
  }

  unsubscribe(topic: string): void {
    this.emit({ kind: "unsubscribe", line: this.line, subscription: `${topic} ` });
  }
}
