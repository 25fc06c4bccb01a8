import {
  type Attachment,
  type AttachmentHandlers,
  type Cell,
  connect,
  type ConnectOptions,
  inProcess,
  type Transport,
} from "@thynapse/cell-sdk";
import { MeshError, type Thid } from "@thynapse/protocol";
import { resolveTransmitter, type TransmitterOptions } from "./options/options.js";
import { VirtualClock } from "./virtual/virtual-clock.js";
import { VirtualLinks } from "./virtual/virtual-links.js";
import { VirtualTransmitter } from "./virtual/virtual-transmitter.js";

/** Options of a mesh in one process: those of its transmitters, and how it rolls its dice. */
export interface TestMeshOptions extends Omit<TransmitterOptions, "links"> {
  /** The same seed gives the same course: default 1. */
  readonly seed?: number;
  /** How many transmitters there are, all linked: 1 to 16, default 1. */
  readonly transmitters?: number;
}

/** How a cell of a test mesh is made. */
export interface TestCellOptions extends Omit<ConnectOptions, "transport" | "transmitters"> {
  /** Where it goes first, counted from 0: default 0. It fails over to the others. */
  readonly transmitter?: number;
}

/** A mesh without sockets, whose time passes only when it is told to. */
export interface TestMesh extends AsyncDisposable {
  /** The virtual time, in ms since the mesh began. */
  readonly nowMs: number;
  /** Attaches a cell; everything that a cell does, it does here. */
  connect(options: TestCellOptions): Promise<Cell>;
  /** Lets `ms` pass: what is due happens in its order, and settles before the next. */
  advance(ms: number): Promise<void>;
  /** Resolves when nothing more happens without time passing: handlers and confirms included. */
  settle(): Promise<void>;
  /** What `$mesh.status` answers; of transmitter 0 by default. */
  status(transmitter?: number): Readonly<Record<string, unknown>>;
  /** Ends a transmitter, as if it were killed. Others notice when time passes. */
  kill(transmitter: number): Promise<void>;
  /** Starts a transmitter that has ended again, with the same id, at the same address. */
  restart(transmitter: number): Promise<void>;
  /** Ends all transmitters, as if they were killed. */
  close(): Promise<void>;
}

/**
 * Turns of the event loop in which nothing happened before a mesh counts as settled. A handler may
 * await a few promises of its own, which shows as nothing.
 */
const quietTurns = 10;

const transmittersMax = 16;

/** How long transmitters may take to find each other, in virtual ms. */
const joinMsMax = 10_000;
const joinStepMs = 50;

/**
 * Starts a mesh in this process; resolves when its transmitters know each other.
 *
 * @throws {MeshError} `BAD_OPTION`.
 */
export async function startTestMesh(input: TestMeshOptions = {}): Promise<TestMesh> {
  const { seed = 1, transmitters = 1, ...options } = input;
  if (!Number.isInteger(transmitters) || transmitters < 1 || transmitters > transmittersMax) {
    throw new MeshError("BAD_OPTION", `transmitters: 1 to ${transmittersMax}`);
  }
  const mesh = new VirtualMesh(options, { seed, count: transmitters });
  await mesh.settle();
  await mesh.gather();
  return mesh;
}

class VirtualMesh implements TestMesh {
  private readonly clock: VirtualClock;
  private readonly links = new VirtualLinks();
  private readonly options: TransmitterOptions;
  private readonly transmitters: VirtualTransmitter[];
  private readonly ids: Thid[];
  private starts = 0;

  constructor(options: TransmitterOptions, { seed, count }: { seed: number; count: number }) {
    this.clock = new VirtualClock(seed);
    this.options = options;
    const places = Array.from({ length: count }, (_, at) => at);
    this.ids = places.map((at) => (at === 0 ? options.id : undefined) ?? this.drawId());
    this.transmitters = places.map((at) => this.start(at));
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  connect({ transmitter = 0, ...options }: TestCellOptions): Promise<Cell> {
    const id = options.id ?? this.drawId();
    const first = this.at(transmitter).address;
    const others = this.transmitters.map(({ address }) => address).filter((it) => it !== first);
    const transport = this.transport();
    return connect({ ...options, id, transport, transmitters: [first, ...others] });
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

  /** Lets time pass until all know each other. */
  async gather(): Promise<void> {
    const isJoining = (one: VirtualTransmitter): boolean => one.status()["state"] === "joining";
    while (this.nowMs < joinMsMax && this.transmitters.some(isJoining)) {
      await this.advance(joinStepMs);
    }
  }

  status(transmitter = 0): Readonly<Record<string, unknown>> {
    return this.at(transmitter).status();
  }

  async kill(transmitter: number): Promise<void> {
    this.at(transmitter).end();
    await this.settle();
  }

  async restart(transmitter: number): Promise<void> {
    if (!this.at(transmitter).ended) throw new MeshError("ADDRESS_IN_USE", "it still runs");
    this.transmitters[transmitter] = this.start(transmitter);
    await this.settle();
  }

  async close(): Promise<void> {
    for (const transmitter of this.transmitters) transmitter.end();
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private start(at: number): VirtualTransmitter {
    const { clock, links } = this;
    const options = resolveTransmitter({ ...this.options, id: this.ids[at] as Thid });
    const address = at === 0 ? "in-process" : `in-process-${at}`;
    const seedCount = this.ids.length - 1;
    const start = { address, seedCount, incarnation: ++this.starts };
    return new VirtualTransmitter(options, start, { clock, links });
  }

  private at(transmitter: number): VirtualTransmitter {
    const found = this.transmitters[transmitter];
    if (found === undefined) throw new MeshError("BAD_OPTION", `no transmitter ${transmitter}`);
    return found;
  }

  private transport(): Transport {
    return {
      clock: this.clock,
      checkAddress: () => undefined,
      open: (address, handlers) => {
        const there = this.transmitters.find((one) => one.address === address && !one.ended);
        return there === undefined
          ? nobody(handlers)
          : inProcess(there.hub).open(address, handlers);
      },
    };
  }

  private drawId(): Thid {
    return this.clock.hex(160) as Thid;
  }
}

/** An attachment to where nobody is. */
function nobody(handlers: AttachmentHandlers): Attachment {
  let isOpen = true;
  setImmediate(() => {
    if (isOpen) handlers.onDisconnected("nobody is there");
    isOpen = false;
  });
  return {
    send: () => false,
    openEvents: () => {},
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {
      isOpen = false;
    },
  };
}
