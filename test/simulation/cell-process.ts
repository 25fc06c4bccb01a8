import type { Anycatch } from "../../cell-sdk/dist/core/anycatch.js";
import { CellCore } from "../../cell-sdk/dist/core/cell-core.js";
import type { Effect, Line } from "../../cell-sdk/dist/core/effects.js";
import type { MulticatchSupply } from "../../cell-sdk/dist/core/multicatch-supply.js";
import type { CellStatus } from "../../cell-sdk/dist/core/status.js";
import type { CommandLine } from "./command-line.js";
import type { EventLine } from "./event-line.js";
import type { LogEntry } from "./log.js";
import { Process } from "./process.js";
import type { SeededRandom } from "./random.js";
import { type Surroundings, wallMs } from "./surroundings.js";
import { Wiretap } from "./wiretap.js";

/** What a cell is started with. */
export interface CellTerms {
  readonly id: string;
  readonly service: string;
  readonly transmitters: readonly string[];
}

/** What runs in a simulated cell: handlers and senders. */
export interface CellProgram {
  /** There are events to take. */
  ready(supply: Anycatch | MulticatchSupply): void;
  status(status: CellStatus): void;
}

interface Attachment {
  readonly line: CommandLine;
  readonly tap: Wiretap;
  events: EventLine | undefined;
  isAttached: boolean;
}

const noStreams: ReadonlyMap<string, string> = new Map();

/** A process with one cell: the real core of the SDK, with a shell of virtual sockets around it. */
export class CellProcess {
  readonly process: Process;
  readonly core: CellCore;
  readonly terms: CellTerms;
  readonly random: SeededRandom;
  readonly around: Surroundings;
  /** What its wall clock is off by, in ms. */
  skewMs = 0;
  program: CellProgram = { ready: () => {}, status: () => {} };
  /** By line: one, and while the cell moves a second one. */
  private readonly attachments: (Attachment | undefined)[] = [];
  /** What `readOn` was when the last turn ended. */
  private wasReadOn: ReadonlyMap<string, string> = noStreams;

  constructor(terms: CellTerms, around: Surroundings) {
    this.terms = terms;
    this.around = around;
    this.random = around.random(`cell ${terms.id}`);
    const { agenda } = around;
    this.process = new Process(agenda, around.random(`turns ${terms.id}`), () => this.turn());
    this.process.turnMsMax = around.turnMsMax;
    const { id, service, transmitters } = terms;
    const dice = around.random(`core ${id}`);
    this.core = new CellCore(
      {
        ...{ id, service, transmitters, connectTimeoutMs: 3_600_000 },
        ...{ outboxBytesMax: 64 * 1024 * 1024, outboxEventsMax: 262_144 },
      },
      { wallMs: () => wallMs(agenda) + this.skewMs, random: () => dice.float() },
    );
    this.process.post(() => this.core.start(agenda.nowMs));
  }

  get nowMs(): number {
    return this.around.agenda.nowMs;
  }

  get isAlive(): boolean {
    return this.process.state !== "dead";
  }

  /** The name of its command connection at the transmitter; empty while it has none. */
  get connection(): string {
    return this.attachment?.line.id ?? "";
  }

  /** The transmitter that welcomed it; empty while none has. */
  get home(): string {
    return this.attachment?.isAttached === true ? this.attachment.tap.home : "";
  }

  /**
   * The transmitter that the cell leaves, while it reads the stream of this pattern there. It may
   * have read it to its end in this turn: what it lost last is told when the turn is over.
   */
  formerOf(pattern: string): string | undefined {
    return this.readOn().get(pattern) ?? this.wasReadOn.get(pattern);
  }

  log(entry: LogEntry): void {
    this.around.log(entry, this.terms.id);
  }

  /** Does something in the cell's event loop, as soon as that is free. */
  act(job: () => void): void {
    this.process.post(() => {
      this.core.nowMs = this.nowMs;
      job();
    });
  }

  /** Does something in the cell's event loop later. */
  actIn(delayMs: number, job: () => void): void {
    this.around.agenda.in(delayMs, () => this.act(job));
  }

  /** Kills it: whatever it held is gone. */
  kill(): void {
    if (!this.isAlive) return;
    this.log({ id: "", action: "died" });
    this.process.kill();
    this.around.network.died(this.process);
    this.report();
  }

  /** Hands over what it has counted. */
  report(): void {
    const { around } = this;
    around.count("cell: bad inputs", this.core.badInputs);
    around.count("cell: settlements stale", this.core.settlements.stale);
    for (const held of this.core.catches.all()) {
      if (held.mode !== "multi") continue;
      around.count("cell: repairs", held.repairs);
      around.count("cell: gone", held.gone);
      around.count("cell: repeats filtered", held.filter.repeats);
      around.count("cell: events too late", held.filter.late);
    }
  }

  private get attachment(): Attachment | undefined {
    return this.attachments[this.core.home.line];
  }

  /** The transmitter that the cell leaves, by the patterns whose streams it reads on there. */
  private readOn(): ReadonlyMap<string, string> {
    const { former } = this.core.moving;
    const home = former && this.attachments[former.home.line]?.tap.home;
    if (home === undefined) return noStreams;
    const held = [...this.core.catches.all()].filter((it) => it.mode === "multi" && isReadOn(it));
    return new Map(held.map(({ pattern }) => [pattern, home]));
  }

  private turn(): void {
    for (;;) {
      this.core.flush(this.nowMs);
      const effects = this.core.takeEffects();
      if (effects.length === 0 || !this.isAlive) break;
      for (const effect of effects) this.carryOut(effect);
    }
    this.wasReadOn = this.readOn();
    this.process.timer(this.core.nextDeadlineMs, () => this.core.tick(this.nowMs));
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "attach":
        this.attach(effect.line, effect.address);
        break;
      case "detach":
        this.attachments[effect.line]?.line.close();
        this.ended(effect.line);
        break;
      case "command":
        this.attachments[effect.line]?.tap.outgoing(effect.part);
        this.attachments[effect.line]?.line.send(effect.part);
        break;
      case "openEvents":
        this.openEvents(effect.line, effect.address);
        break;
      case "subscribe":
        this.attachments[effect.line]?.events?.subscribe(effect.subscription);
        break;
      case "unsubscribe":
        this.attachments[effect.line]?.events?.unsubscribe(effect.subscription);
        break;
      case "ready":
        this.program.ready(effect.supply as Anycatch | MulticatchSupply);
        break;
      case "status":
        this.told(effect.status);
        break;
    }
  }

  private attach(way: Line, address: string): void {
    const { core, process, terms, around } = this;
    const tap = new Wiretap({ ...terms, names: around.names }, (entry) => this.log(entry));
    const line = around.network.dialCommand(address, {
      process,
      connected: () => core.connected(this.nowMs, way),
      disconnected: (reason) => {
        this.ended(way);
        core.disconnected(reason, this.nowMs, way);
      },
      received: (part) => {
        around.trace(terms.id, part);
        tap.incoming(part);
        core.command(part, this.nowMs, way);
      },
    });
    this.attachments[way] = { line, tap, events: undefined, isAttached: false };
  }

  private openEvents(way: Line, address: string): void {
    const { core, process, terms, around } = this;
    const attachment = this.attachments[way];
    if (attachment === undefined) return;
    attachment.events = around.network.connectEvents(address, {
      process,
      published: (head, part) => {
        around.trace(terms.id, head);
        core.events(head, part, this.nowMs, way);
      },
    });
  }

  /** The attachment is over, whoever ended it. */
  private ended(way: Line): void {
    const attachment = this.attachments[way];
    this.attachments[way] = undefined;
    attachment?.events?.close();
    if (attachment?.isAttached !== true) return;
    this.log({ id: "", action: "detached", home: attachment.tap.home });
  }

  private told(status: CellStatus): void {
    if (status.kind === "welcome" && this.attachment !== undefined) {
      this.attachment.isAttached = true;
      this.log({ id: "", action: "attached", home: this.home });
    }
    this.program.status(status);
    if (status.kind === "closed") this.kill();
  }
}

/** Whether the stream of a former home is read. */
function isReadOn(held: unknown): boolean {
  return (held as { readonly former?: unknown }).former !== undefined;
}
