import { pino } from "pino";
import { limitsOf, version } from "../options/core-options.js";
import { TransmitterCore } from "../core/transmitter-core.js";
import { InProcessHub } from "../in-process.js";
import { proving } from "../options/mesh-secret.js";
import type { ResolvedOptions } from "../options/options.js";
import { Turns } from "../turns.js";
import type { VirtualClock } from "./virtual-clock.js";
import type { VirtualLinks } from "./virtual-links.js";

/** What transmitters without sockets share. */
export interface VirtualSurroundings {
  readonly clock: VirtualClock;
  readonly links: VirtualLinks;
}

/** One start of a transmitter. */
export interface VirtualStart {
  readonly address: string;
  readonly incarnation: number;
  /** How many others it knocks at. */
  readonly seedCount: number;
}

/** A transmitter without sockets: the real core, and the real turns. */
export class VirtualTransmitter {
  readonly hub: InProcessHub;
  readonly address: string;
  private readonly core: TransmitterCore;
  private readonly turns: Turns;
  private readonly around: VirtualSurroundings;
  private isOver = false;

  constructor(options: ResolvedOptions, start: VirtualStart, around: VirtualSurroundings) {
    const { address, seedCount } = start;
    this.address = address;
    this.around = around;
    const { clock, links } = around;
    this.core = this.makeCore(options, start);
    const soon = (): void => {
      clock.touch();
      this.turns.soon();
    };
    this.hub = new InProcessHub(this.core, clock, soon);
    const told = (act: () => unknown): void => {
      act();
      soon();
    };
    const { core } = this;
    const bytesOf = (topic: string): Buffer => Buffer.from(topic, "latin1");
    this.turns = new Turns({
      ...{ core, clock, local: this.hub },
      command: { send: () => {}, probe: () => {}, flush: () => Promise.resolve() },
      events: { publish: (head, part) => links.publish(address, head, part) },
      links: links.open({
        address,
        subscribed: (topic) => {
          soon();
          return core.subscribed(bytesOf(topic), clock.nowMs());
        },
        unsubscribed: (topic) => told(() => core.unsubscribed(bytesOf(topic), clock.nowMs())),
        received: (topic, head, part) =>
          told(() => core.linkReceived(topic, head, part, clock.nowMs())),
      }),
      log: pino({ level: "silent" }),
      onDrainAsked: () => core.drain(clock.nowMs()),
      onStopped: () => this.end(),
      onJoined: () => {},
      onEnded: () => this.end(),
    });
    core.join({ seedCount, prove: proving(options.meshSecret) }, clock.nowMs());
    links.appear(address);
    this.turns.soon();
  }

  /** Whether it has ended, in whatever way. */
  get ended(): boolean {
    return this.isOver;
  }

  status(): Readonly<Record<string, unknown>> {
    return this.core.statusOf(this.around.clock.nowMs());
  }

  /** Ends it, as if it were killed. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.turns.end();
    this.around.links.close(this.address);
    this.hub.closeAll("the transmitter has ended");
  }

  private makeCore(options: ResolvedOptions, start: VirtualStart): TransmitterCore {
    const { clock } = this.around;
    const { address, incarnation } = start;
    return new TransmitterCore(
      {
        ...limitsOf(options),
        id: options.id,
        mesh: options.mesh,
        incarnation,
        version,
        pid: process.pid,
        advertise: () => address,
        transmitters: () => this.core.seat.commandAddresses,
        command: () => address,
        pub: () => address,
        wallMs: () => clock.wallMs(),
        rssBytes: () => 0,
        prometheus: () => "",
      },
      { float: () => clock.random(), hex: (bits) => clock.hex(bits) },
      clock.nowMs(),
    );
  }
}
