import { type Cell, connect, type ConnectOptions, inProcess } from "@thynapse/cell-sdk";
import { pino } from "pino";
import { limitsOf, version } from "./core-options.js";
import { TransmitterCore } from "./core/transmitter-core.js";
import { InProcessHub } from "./in-process.js";
import { resolveTransmitter, type TransmitterOptions } from "./options.js";
import { Turns } from "./turns.js";
import { VirtualClock } from "./virtual-clock.js";

/** Options of a mesh in one process: those of its transmitter, and how it rolls its dice. */
export interface TestMeshOptions extends TransmitterOptions {
  /** The same seed gives the same course: default 1. */
  readonly seed?: number;
}

/** A mesh without sockets, whose time passes only when it is told to. */
export interface TestMesh extends AsyncDisposable {
  /** The virtual time, in ms since the mesh began. */
  readonly nowMs: number;
  /** Attaches a cell; everything that a cell does, it does here. */
  connect(options: Omit<ConnectOptions, "transport" | "transmitters">): Promise<Cell>;
  /** Lets `ms` pass: what is due happens in its order, and settles before the next. */
  advance(ms: number): Promise<void>;
  /** Resolves when nothing more happens without time passing: handlers and confirms included. */
  settle(): Promise<void>;
  /** What `$mesh.status` answers. */
  status(): Readonly<Record<string, unknown>>;
  /** Ends the transmitter, as if it were killed. */
  close(): Promise<void>;
}

/**
 * Turns of the event loop in which nothing happened before a mesh counts as settled. A handler may
 * await a few promises of its own, which shows as nothing.
 */
const quietTurns = 10;

/** Starts a mesh of one transmitter in this process. @throws {MeshError} `BAD_OPTION`. */
export async function startTestMesh(input: TestMeshOptions = {}): Promise<TestMesh> {
  const { seed = 1, ...options } = input;
  const mesh = new VirtualMesh(options, seed);
  await mesh.settle();
  return mesh;
}

class VirtualMesh implements TestMesh {
  private readonly clock: VirtualClock;
  private readonly core: TransmitterCore;
  private readonly hub: InProcessHub;
  private readonly turns: Turns;

  constructor(input: TransmitterOptions, seed: number) {
    this.clock = new VirtualClock(seed);
    const { clock } = this;
    const id = clock.hex(160);
    const options = resolveTransmitter({ id, ...input });
    const address = "in-process";
    this.core = new TransmitterCore(
      {
        ...limitsOf(options),
        id: options.id,
        mesh: options.mesh,
        incarnation: 1,
        version,
        pid: process.pid,
        advertise: () => address,
        transmitters: () => [address],
        command: () => address,
        pub: () => address,
        wallMs: () => clock.wallMs(),
        rssBytes: () => 0,
        prometheus: () => "",
      },
      { float: () => clock.random(), hex: (bits) => clock.hex(bits) },
      clock.nowMs(),
    );
    this.hub = new InProcessHub(this.core, clock, () => {
      clock.touch();
      this.turns.soon();
    });
    this.turns = new Turns({
      core: this.core,
      clock,
      command: { send: () => {}, probe: () => {}, flush: () => Promise.resolve() },
      events: { publish: () => {} },
      links: noLinks,
      local: this.hub,
      log: pino({ level: "silent" }),
      onDrainAsked: () => this.core.drain(clock.nowMs()),
      onStopped: () => this.end(),
      onJoined: () => {},
      onEnded: () => this.end(),
    });
    this.turns.soon();
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  connect(options: Omit<ConnectOptions, "transport" | "transmitters">): Promise<Cell> {
    const id = options.id ?? this.clock.hex(160);
    const transport = inProcess(this.hub);
    return connect({ ...options, id, transport, transmitters: "in-process" });
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    await this.settle();
    while (this.clock.step(untilMs)) await this.settle();
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (this.clock.takeTouched()) quiet = -1;
    }
  }

  status(): Readonly<Record<string, unknown>> {
    return this.core.statusOf(this.clock.nowMs());
  }

  async close(): Promise<void> {
    this.end();
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private end(): void {
    this.turns.end();
    this.hub.closeAll("the transmitter has ended");
  }
}

const noLinks = {
  dial: () => {},
  hangUp: () => {},
  subscribe: () => {},
  unsubscribe: () => {},
  introduce: () => {},
};
