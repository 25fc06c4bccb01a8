import { Agenda } from "./agenda.js";
import { CellProcess } from "./cell-process.js";
import { Checker } from "./checker.js";
import { Cores, type CoresTerms } from "./cores.js";
import { EventNames } from "./event-names.js";
import { Handlers } from "./handlers.js";
import { type LogEntry, type LogRecord, recordOf } from "./log.js";
import { Network, type NetworkTerms } from "./network.js";
import type { CellPlan } from "./plan.js";
import { SeededRandom } from "./random.js";
import { Sending } from "./sending.js";
import type { Surroundings } from "./surroundings.js";
import { Totals } from "./totals.js";
import { Trace } from "./trace.js";
import { TransmitterProcess, type TransmitterTerms } from "./transmitter-process.js";

/** What a world is made of. */
export interface WorldTerms {
  readonly seed: number;
  readonly network: NetworkTerms;
  /** How long a turn of a process may be put off; what comes meanwhile is done in it too. */
  readonly turnMsMax: number;
  /** What all transmitters run on; default: each has a core, and nothing takes time. */
  readonly cores?: CoresTerms;
  /** Limits of every transmitter. */
  readonly limits: TransmitterTerms["limits"];
  /** Whether a digest is made of all that is read and logged. */
  readonly isTraced?: boolean;
  /** Called with each record, for who wants to read along. */
  readonly onRecord?: (record: LogRecord) => void;
}

/** A cell of a world, with what runs in it. */
export interface Inhabitant {
  readonly plan: CellPlan;
  readonly cell: CellProcess;
  readonly handlers: Handlers;
  readonly sending: Sending | undefined;
}

/**
 * Transmitters, cells, and the network between them, on one virtual clock. Everything that happens
 * follows from the seed.
 *
 * Each record of the log goes to the checker as it is written, so a broken promise shows at the
 * step that breaks it.
 */
export class World implements Surroundings {
  readonly agenda = new Agenda();
  readonly network: Network;
  readonly cores: Cores | undefined;
  readonly checker = new Checker();
  readonly totals = new Totals();
  readonly names = new EventNames();
  readonly transmitters = new Map<string, TransmitterProcess>();
  readonly inhabitants: Inhabitant[] = [];
  /** Transmitters that were started with the id of another one. */
  readonly twins: TransmitterProcess[] = [];
  readonly seed: number;
  private readonly terms: WorldTerms;
  private readonly hash = new Trace();
  private readonly isTraced: boolean;
  private readonly ids: SeededRandom;
  /** Whether cells send no more. */
  isOver: () => boolean = () => false;
  /** Called when a transmitter has ended because another one has its id. */
  onTwin: (transmitter: TransmitterProcess) => void = () => {};
  private incarnations = 0;
  private records = 0;
  /** Events that were sent. */
  events = 0;
  /** Times that a handler was given an event. */
  deliveries = 0;

  constructor(terms: WorldTerms) {
    this.terms = terms;
    this.seed = terms.seed;
    this.isTraced = terms.isTraced === true;
    this.ids = this.random("ids");
    this.network = new Network(this.agenda, this.random("network"), terms.network);
    this.cores = terms.cores && new Cores(this.agenda, terms.cores);
  }

  get nowMs(): number {
    return this.agenda.nowMs;
  }

  get turnMsMax(): number {
    return this.terms.turnMsMax;
  }

  get digest(): string {
    return this.hash.digest;
  }

  get recordCount(): number {
    return this.records;
  }

  random(label: string): SeededRandom {
    return new SeededRandom(this.seed, label);
  }

  log(entry: LogEntry, cell = ""): void {
    const record = recordOf(entry, cell, this.nowMs);
    this.records++;
    if (record.action === "sent") this.events++;
    else if (record.action === "begun" || record.action === "caught") this.deliveries++;
    if (this.isTraced) this.hash.note(record.timeMs, record.action, record.id);
    this.terms.onRecord?.(record);
    this.checker.take(record);
  }

  trace(who: string, bytes: Uint8Array): void {
    if (this.isTraced) this.hash.add(this.nowMs, who, bytes);
  }

  isApart(ids: ReadonlySet<string>): boolean {
    const joined = [...this.transmitters.values()].filter((it) => it.hasJoined && !it.isApart);
    return joined.length > 0 && !joined.some(({ terms }) => ids.has(terms.id));
  }

  count(name: string, by: number): void {
    if (by > 0) this.totals.add(name, by);
  }

  /**
   * Starts a transmitter; the one that had the address before must be dead.
   *
   * @param seeds where it looks for its mesh.
   */
  startTransmitter(
    address: string,
    seeds: readonly string[] = [],
    id: string = this.newId(),
  ): TransmitterProcess {
    const transmitter = this.makeTransmitter(address, seeds, id);
    this.transmitters.set(address, transmitter);
    return transmitter;
  }

  /** Starts a transmitter with the id of one that runs: no cell is told of it, and it must end. */
  startTwin(address: string, seeds: readonly string[], id: string): void {
    this.twins.push(this.makeTransmitter(address, seeds, id));
  }

  /**
   * Starts a cell that knows all transmitters, one of them as the first. Those that send do so until
   * `isOver`.
   */
  startCell(plan: CellPlan): Inhabitant {
    const addresses = [...this.transmitters.keys()];
    const at = plan.home % addresses.length;
    const transmitters = [...addresses.slice(at), ...addresses.slice(0, at)];
    const terms = { id: this.newId(), service: plan.service, transmitters };
    const cell = new CellProcess(terms, this);
    const handlers = new Handlers(cell, plan);
    const { sends } = plan;
    const sending = sends === undefined ? undefined : new Sending(cell, sends, () => this.isOver());
    const inhabitant = { plan, cell, handlers, sending };
    this.inhabitants.push(inhabitant);
    return inhabitant;
  }

  /** Lets time pass, until a promise is broken or the time has come. */
  run(untilMs: number): void {
    const { violations } = this.checker;
    while (violations.length === 0 && this.agenda.step(untilMs));
  }

  /** Gathers what those that live have counted. */
  report(): void {
    for (const { cell } of this.inhabitants) if (cell.isAlive) cell.report();
    for (const transmitter of this.transmitters.values()) {
      if (transmitter.process.state !== "dead") transmitter.report();
    }
    const { droppedMessages, proxy } = this.network;
    this.count("network: events dropped at a full pipe", droppedMessages);
    for (const [what, count] of Object.entries(proxy.done)) {
      this.count(`network: messages of links ${what} by a proxy`, count);
    }
  }

  private makeTransmitter(
    address: string,
    seeds: readonly string[],
    id: string,
  ): TransmitterProcess {
    const terms = { id, address, incarnation: ++this.incarnations, limits: this.terms.limits };
    const transmitter = new TransmitterProcess({ ...terms, seeds }, this);
    transmitter.onTwin = () => this.onTwin(transmitter);
    return transmitter;
  }

  private newId(): string {
    return this.ids.hex(160);
  }
}
