import { encodeExtras } from "@thynapse/protocol";
import type { LogRecord } from "./log.js";
import type { CatchPlan, CellPlan } from "./plan.js";
import type { SeededRandom } from "./random.js";
import { type Inhabitant, World } from "./world.js";

/** What `$mesh.explain` answers, as far as it is compared. */
export interface Explanation {
  readonly matched: number;
  readonly streams: readonly {
    readonly pattern: string;
    readonly cells: readonly { readonly id: string }[];
  }[];
  readonly groups: readonly {
    readonly service: string;
    readonly pattern: string;
    readonly members: readonly { readonly id: string; readonly why: string }[];
  }[];
}

/** What became of one event. */
export interface Course {
  readonly matched: number;
  /** Each as `<pattern> <cell>`. */
  readonly caught: readonly string[];
  /** Who was given it, begun or not; of `groups` without a member that could take it, nobody. */
  readonly given: readonly { readonly group: string; readonly cell: string }[];
}

const services = ["billing", "stock", "mail"];
const segments = ["a", "b", "c"];
const settleMs = 40;
/** A cell that is busy for so long becomes suspect, and hears of the event afterwards. */
const busyMs = 3000;
const timeoutMs = 60_000;

/** One question and one event. */
export interface Attempt {
  readonly channel: string;
  /** Whether a cell was suspect meanwhile: what waited for it alone it got afterwards. */
  readonly isBusy: boolean;
  readonly said: Explanation;
  readonly done: Course;
}

/** A drawn mesh without faults, in which somebody asks who would get an event and then sends it. */
export class ExplainRig {
  private readonly world: World;
  private readonly random: SeededRandom;
  private readonly asker: Inhabitant;
  private readonly listeners: readonly Inhabitant[];
  private records: LogRecord[] = [];

  constructor(seed: number) {
    this.world = new World({
      seed,
      turnMsMax: 0.05,
      network: {
        delayMinMs: 0.05,
        delayMaxMs: 0.5,
        lateShare: 0,
        eventPipeMax: 1024,
        linkPipeMax: 1024,
      },
      limits: {},
      onRecord: (record) => this.records.push(record),
    });
    this.random = this.world.random("explain");
    this.world.startTransmitter("sim://one");
    this.asker = this.world.startCell({ service: "asker", home: 0, catches: [], sends: undefined });
    const count = this.random.int(1, 6);
    this.listeners = Array.from({ length: count }, () =>
      this.world.startCell(drawCell(this.random)),
    );
    this.wait(settleMs);
  }

  /** Draws a channel, asks who would get an event on it, sends one, and tells both. */
  try(): Attempt {
    const channel = drawName(this.random, segments);
    const isBusy = this.random.chance(0.03);
    if (isBusy) this.makeBusy();
    const said = this.ask(channel);
    const matched = this.send(channel);
    // Who is busy has what it was given and cannot say so yet.
    if (isBusy) this.wait(busyMs);
    return { channel, isBusy, said, done: { matched, ...this.courses() } };
  }

  private makeBusy(): void {
    this.random.pick(this.listeners).cell.process.block(busyMs);
    this.wait(busyMs / 2);
  }

  private ask(channel: string): Explanation {
    const { cell } = this.asker;
    let said: Explanation | undefined;
    const ignored = (): void => {};
    cell.act(() => {
      cell.core.ask(
        {
          channel: "$mesh.explain",
          data: { channel },
          extras: encodeExtras({ ask: { timeoutMs } }),
        },
        { timeoutMs, gather: false, parts: false, restart: false },
        {
          ...{ part: ignored, restarted: ignored, expected: ignored, gone: ignored },
          ...{ cellFailed: ignored, ended: ignored, failed: ignored },
          result: (data) => {
            said = data as Explanation;
          },
        },
      );
    });
    this.wait(settleMs);
    if (said === undefined) throw new Error(`$mesh.explain of ${channel} was not answered`);
    return said;
  }

  /** @returns how much the event matched, by its confirm. */
  private send(channel: string): number {
    const { cell } = this.asker;
    let matched = -1;
    this.records = [];
    cell.act(() => {
      const { outbox } = cell.core;
      const destination = outbox.send(channel, [0, "sent by the asker"]);
      destination.watch(outbox.lastIndex, {
        until: "accepted",
        confirmed: (acceptance) => {
          matched = acceptance.matched;
        },
        refused: () => {},
      });
    });
    this.wait(settleMs);
    return matched;
  }

  private courses(): Omit<Course, "matched"> {
    const ours = this.records.filter(({ id }) => id.startsWith(this.asker.cell.terms.id));
    return {
      caught: ours
        .filter(({ action }) => action === "caught")
        .map(({ pattern, cell }) => `${pattern} ${cell}`),
      given: ours
        .filter(({ action }) => action === "given")
        .map(({ pattern, cell }) => ({ group: `${this.serviceOf(cell)} ${pattern}`, cell })),
    };
  }

  private serviceOf(id: string): string {
    return this.listeners.find(({ cell }) => cell.terms.id === id)?.plan.service ?? "";
  }

  private wait(forMs: number): void {
    const { agenda } = this.world;
    const untilMs = agenda.nowMs + forMs;
    while (agenda.step(untilMs));
  }
}

function drawCell(random: SeededRandom): CellPlan {
  const catches = new Map<string, CatchPlan>();
  for (let count = random.int(1, 4); count > 0; count--) {
    const plan = drawCatch(random);
    catches.set(`${plan.mode} ${plan.pattern}`, plan);
  }
  const service = random.pick(services);
  return { service, home: 0, catches: [...catches.values()], sends: undefined };
}

/** Some handlers never end, so that credit runs out. */
function drawCatch(random: SeededRandom): CatchPlan {
  return {
    mode: random.chance(0.4) ? "multi" : "any",
    pattern: drawPattern(random),
    concurrency: random.int(1, 3),
    workMs: 0,
    grainMs: 0,
    credit: random.chance(0.7) ? random.int(1, 4) : undefined,
    redeliver: true,
    affinity: random.chance(0.1),
    attemptsMax: 5,
    ackTimeoutMs: 3_600_000,
    fates: random.chance(0.4) ? { hold: 1 } : { ack: 1 },
    outputChannels: [],
    bufferBytesMax: 16 * 1024 * 1024,
    dropOldest: false,
  };
}

function drawName(random: SeededRandom, from: readonly string[]): string {
  return Array.from({ length: random.int(1, 3) }, () => random.pick(from)).join(".");
}

function drawPattern(random: SeededRandom): string {
  const parts = drawName(random, segments).split(".");
  const wild = random.int(0, parts.length * 2);
  if (wild < parts.length) parts[wild] = random.chance(0.5) ? "*" : "**";
  return parts.join(".");
}
