import type { CoreOptions, Effect } from "../../transmitter/dist/core/effects.js";
import { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import { DeadLetterWatch } from "./dead-letter-watch.js";
import type { CommandServer } from "./command-line.js";
import type { EventServer } from "./event-line.js";
import { Process } from "./process.js";
import { type Surroundings, wallMs } from "./surroundings.js";

/** What a transmitter is started with. */
export interface TransmitterTerms {
  readonly id: string;
  /** Rises with each start. */
  readonly incarnation: number;
  readonly address: string;
  readonly limits: Partial<CoreOptions>;
  /** Command addresses of all transmitters. */
  readonly transmitters: () => readonly string[];
}

/** How often, and how long, a connection is probed that may be gone. */
const probeEveryMs = 2;
const probeMs = 50;

/** One start of one transmitter: the real core, with a shell of virtual sockets around it. */
export class TransmitterProcess implements CommandServer, EventServer {
  readonly process: Process;
  readonly core: TransmitterCore;
  readonly home: string;
  readonly terms: TransmitterTerms;
  /** Called when a drain is over. */
  onStopped: () => void = () => {};
  private readonly around: Surroundings;
  private readonly letters: DeadLetterWatch;

  constructor(terms: TransmitterTerms, around: Surroundings) {
    this.terms = terms;
    this.around = around;
    const { agenda, network } = around;
    const { id, incarnation, address } = terms;
    this.home = `${id}.${incarnation}`;
    this.process = new Process(agenda, around.random(`turns ${this.home}`), () => this.turn());
    this.core = new TransmitterCore(optionsOf(terms, around), this.dice(), agenda.nowMs);
    this.letters = new DeadLetterWatch(this.core, around);
    around.log({ id: "", action: "started", home: this.home });
    network.bindCommand(address, this);
    network.bindEvents(eventAddress(address), this);
    this.arm();
  }

  received(connection: string, part: Buffer): void {
    this.around.trace(connection, part);
    this.core.receive(connection, [part], this.around.agenda.nowMs);
  }

  subscribed(topic: Buffer): boolean {
    return this.core.subscribed(topic, this.around.agenda.nowMs);
  }

  unsubscribed(topic: Buffer): void {
    this.core.unsubscribed(topic, this.around.agenda.nowMs);
  }

  /** The queue for a connection is full. */
  overflow(connection: string): void {
    this.process.post(() => this.core.overflowed(connection, this.around.agenda.nowMs));
  }

  shed(on: boolean): void {
    this.process.post(() => this.core.shed(on));
  }

  drain(): void {
    this.process.post(() => this.core.drain(this.around.agenda.nowMs));
  }

  /** Kills it: what it held in memory is gone. */
  kill(): void {
    if (this.process.state === "dead") return;
    this.around.log({ id: "", action: "crashed", home: this.home });
    this.process.kill();
    this.around.network.died(this.process);
    this.report();
  }

  /** Hands over what it has counted. */
  report(): void {
    for (const [name, value] of Object.entries(this.core.counters.snapshot())) {
      this.around.count(name, value);
    }
  }

  private turn(): void {
    for (const effect of this.core.takeEffects(this.around.agenda.nowMs)) this.carryOut(effect);
    this.letters.look();
    this.arm();
  }

  private arm(): void {
    this.process.timer(this.core.nextDeadlineMs, () => this.core.tick(this.around.agenda.nowMs));
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        this.send(effect.connection, effect.part);
        break;
      case "publish":
        this.around.network.publish(this, effect.head, effect.part);
        break;
      case "probe":
        this.probe(effect.connection, effect.part, this.around.agenda.nowMs + probeMs);
        break;
      case "drain":
        this.drain();
        break;
      case "stopped":
        this.onStopped();
        break;
      case "log":
        if (effect.level === "error")
          throw new Error(`${effect.message}: ${effect.fields["stack"]}`);
        break;
      default:
        // It has no others, and joins no mesh.
        throw new Error(`the core wants ${effect.kind}`);
    }
  }

  /** @returns whether the connection may still be there. */
  private send(connection: string, part: Buffer): boolean {
    if (this.around.network.commandLine(connection)?.answer(part) === true) return true;
    this.process.post(() => this.core.unreachable(connection, this.around.agenda.nowMs));
    return false;
  }

  private probe(connection: string, part: Buffer, untilMs: number): void {
    if (!this.send(connection, part) || this.around.agenda.nowMs >= untilMs) return;
    this.process.later(probeEveryMs, () => this.probe(connection, part, untilMs));
  }

  private dice(): { float(): number; hex(bits: number): string } {
    return this.around.random(`core ${this.home}`);
  }
}

/** The address of the event socket that goes with a command address. */
function eventAddress(address: string): string {
  return `${address}/events`;
}

function optionsOf(terms: TransmitterTerms, around: Surroundings): CoreOptions {
  const { id, incarnation, address, limits, transmitters } = terms;
  return {
    ...limits,
    ...{ id, incarnation, transmitters, mesh: "simulated", version: "0.0.0", pid: 1 },
    advertise: () => eventAddress(address),
    command: () => address,
    pub: () => eventAddress(address),
    wallMs: () => wallMs(around.agenda),
    rssBytes: () => 0,
    prometheus: () => "",
  };
}
