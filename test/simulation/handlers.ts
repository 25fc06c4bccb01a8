import { MeshError } from "@thynapse/protocol";
import type { Anycatch } from "../../cell-sdk/dist/core/anycatch.js";
import type { CaughtEvent } from "../../cell-sdk/dist/core/caught-event.js";
import type { HeldDelivery } from "../../cell-sdk/dist/core/delivery.js";
import type { MulticatchSupply } from "../../cell-sdk/dist/core/multicatch-supply.js";
import type { CellStatus } from "../../cell-sdk/dist/core/status.js";
import type { CellProcess, CellProgram } from "./cell-process.js";
import type { LogEntry } from "./log.js";
import type { CatchPlan, CellPlan, Fate } from "./plan.js";

type Supply = Anycatch | MulticatchSupply;

/** What an event of a simulation carries: its number, the cause of an output, and padding. */
export type Body = readonly [number: number, cause: string | null, padding?: string];

const noWaiter = { resolve: (): void => {}, reject: (): void => {} };

/** The handlers of a simulated cell: each takes its drawn time and ends as drawn, and logs both. */
export class Handlers implements CellProgram {
  /** Called when a handler has killed its process. */
  onCrash: () => void = () => {};
  private readonly cell: CellProcess;
  private readonly plans = new Map<Supply, CatchPlan>();
  /** What is armed on the present attachment. */
  private readonly armed = new Set<string>();
  /** Anycatches that end as soon as their last handler is done. */
  private readonly ending = new Set<Anycatch>();

  constructor(cell: CellProcess, plan: CellPlan) {
    this.cell = cell;
    cell.program = this;
    cell.act(() => {
      for (const each of plan.catches) this.catch(each);
    });
  }

  /** Begins a catch; in the cell's own turn. */
  catch(plan: CatchPlan): void {
    const { core } = this.cell;
    const { pattern, concurrency } = plan;
    if (plan.mode === "any") {
      const { credit, redeliver, affinity, attemptsMax, ackTimeoutMs } = plan;
      const wish = { pattern, concurrency, credit, redeliver, affinity, attemptsMax, ackTimeoutMs };
      this.plans.set(core.anycatch(wish, noWaiter), plan);
      return;
    }
    const { bufferBytesMax, dropOldest } = plan;
    const wish = { pattern, concurrency, bufferBytesMax, dropOldest, echo: true };
    this.plans.set(core.multicatch(wish, noWaiter), plan);
  }

  /**
   * Ends the catch that was begun first, if there is one; in the cell's own turn. @returns its
   * plan.
   */
  drop(): CatchPlan | undefined {
    const [first] = this.plans;
    if (first === undefined) return undefined;
    const [supply, plan] = first;
    const { mode, pattern } = plan;
    const { service } = this.cell.terms;
    this.log({ id: "", action: "dropped", service, mode, pattern });
    this.plans.delete(supply);
    supply.pause();
    if (supply.mode === "multi") this.cell.core.catches.releaseMulticatch(supply);
    else {
      supply.releaseWaiting();
      this.ending.add(supply);
      this.endWhenIdle(supply);
    }
    return plan;
  }

  ready(supply: Supply): void {
    const plan = this.plans.get(supply);
    if (plan === undefined) return;
    if (supply.mode === "multi") this.pullEvents(supply, plan);
    else this.pullDeliveries(supply, plan);
  }

  status(status: CellStatus): void {
    const { home } = this.cell;
    if (status.kind === "reconnecting") this.armed.clear();
    if (status.kind === "gap") {
      const { pattern, count } = status;
      const peer = this.cell.formerOf(pattern);
      this.log({ id: "", action: "gap", pattern, home, count, peer });
    } else if (status.kind === "armed") {
      const { pattern, mode } = status;
      const terms = this.planOf(mode, pattern);
      // It was granted in the turn in which it was dropped: nothing stands any more.
      if (terms === undefined) return;
      this.armed.add(`${mode} ${pattern}`);
      const { service } = this.cell.terms;
      this.log({ id: "", action: "armed", service, pattern, mode, home, terms });
    }
  }

  /** A catch that is not armed; `undefined` if all are. */
  get unarmed(): string | undefined {
    const names = [...this.plans.values()].map(({ mode, pattern }) => `${mode} ${pattern}`);
    return names.find((name) => !this.armed.has(name));
  }

  private planOf(mode: string, pattern: string): CatchPlan | undefined {
    for (const plan of this.plans.values()) {
      if (plan.mode === mode && plan.pattern === pattern) return plan;
    }
    return undefined;
  }

  private pullEvents(supply: MulticatchSupply, plan: CatchPlan): void {
    for (let event = supply.take(); event !== undefined; event = supply.take()) {
      const { pattern } = plan;
      const { id, channel, cause } = this.named(event);
      this.log({ id, channel, cause, action: "caught", pattern });
      this.replyToGather(supply, event);
      if (plan.workMs === 0) {
        supply.finished();
        continue;
      }
      this.cell.actIn(this.workMs(plan), () => {
        supply.finished();
        if (this.plans.has(supply)) this.pullEvents(supply, plan);
      });
    }
  }

  private replyToGather(supply: MulticatchSupply, event: CaughtEvent): void {
    if (event.ask?.gather !== true || this.cell.random.chance(0.1)) return;
    const fails = this.cell.random.chance(0.1);
    const outcome = fails ? new MeshError("HANDLER_FAILED", "as drawn") : [event.seq];
    this.cell.core.replyToGather(supply, event, outcome);
  }

  private pullDeliveries(supply: Anycatch, plan: CatchPlan): void {
    for (;;) {
      const delivery = this.cell.isAlive ? supply.take() : undefined;
      if (delivery === undefined) return;
      this.begin(supply, plan, delivery);
    }
  }

  private begin(supply: Anycatch, plan: CatchPlan, delivery: HeldDelivery): void {
    const { random } = this.cell;
    const { attempt, repeat } = delivery;
    const { origin: home } = delivery.name;
    const { service } = this.cell.terms;
    const { pattern } = plan;
    const { id, channel, key, cause } = this.named(delivery);
    const name = { id, channel, key, cause, service, pattern, attempt, home };
    this.log({ ...name, action: "begun", repeat });
    const work = { supply, plan, delivery, name, fate: random.weighted(plan.fates) };
    if (work.fate === "crash") {
      this.cell.actIn(random.waitMs(plan.workMs), () => this.crash(work));
      return;
    }
    if (work.fate === "progress") {
      this.keepAlive(work, random.int(2, 5));
      return;
    }
    const takesMs = this.durationMs(work);
    // What ends at once makes room for the next one, which whoever pulls begins in its loop.
    if (takesMs === 0) this.finish(work);
    else this.cell.actIn(takesMs, () => this.end(work));
  }

  private durationMs({ plan, fate }: Work): number {
    const { random } = this.cell;
    if (fate === "hold") return plan.ackTimeoutMs * random.between(1.2, 2);
    if (fate === "long") return random.between(500, 4000);
    // Its settlement crosses the word that the delivery was taken back.
    if (fate === "late") return plan.ackTimeoutMs - random.between(0, 4);
    return plan.workMs === 0 ? 0 : this.workMs(plan);
  }

  /** How long a handler works: about as long as planned, and until the next moment of its grain. */
  private workMs({ workMs, grainMs }: CatchPlan): number {
    const drawnMs = this.cell.random.waitMs(workMs);
    if (grainMs === 0) return drawnMs;
    const { nowMs } = this.cell;
    return Math.ceil((nowMs + drawnMs) / grainMs) * grainMs - nowMs;
  }

  /** Works for longer than the time-out, and says so. */
  private keepAlive(work: Work, rounds: number): void {
    this.cell.actIn(work.plan.ackTimeoutMs * 0.4, () => {
      work.delivery.progress();
      if (rounds === 0) this.end(work);
      else this.keepAlive(work, rounds - 1);
    });
  }

  /** Kills the process; a handler whose delivery was taken back meanwhile ends as any other. */
  private crash(work: Work): void {
    if (work.delivery.state !== "held") {
      this.end(work);
      return;
    }
    this.cell.kill();
    this.onCrash();
  }

  private end(work: Work): void {
    const { supply, plan } = work;
    this.finish(work);
    if (this.plans.has(supply)) this.pullDeliveries(supply, plan);
    else this.endWhenIdle(supply);
  }

  private finish(work: Work): void {
    const { supply, delivery } = work;
    if (delivery.state === "held") this.settle(work);
    supply.finished(delivery);
  }

  private settle({ delivery, name, fate, plan }: Work): void {
    switch (fate) {
      case "nack":
      case "throw":
        this.log({ ...name, action: "nacked" });
        delivery.nack("as drawn");
        break;
      case "release":
        this.log({ ...name, action: "returned" });
        delivery.release();
        break;
      case "reject":
        this.log({ ...name, action: "rejected" });
        delivery.reject("as drawn");
        break;
      case "output":
      case "late":
        this.output(delivery, plan, name);
        break;
      default:
        this.log({ ...name, action: "acked" });
        this.answer(delivery);
    }
  }

  private output(delivery: HeldDelivery, plan: CatchPlan, name: Work["name"]): void {
    const { random } = this.cell;
    const { id, service = "", pattern = "", attempt = 1 } = name;
    const count = random.int(1, 3);
    this.log({ ...name, action: "acked", count });
    this.replyParts(delivery);
    for (let index = 0; index < count; index++) {
      const cause = `${id} ${service} ${pattern} ${attempt} ${index}`;
      delivery.send(random.pick(plan.outputChannels), [0, cause] satisfies Body);
    }
    delivery.ack();
  }

  private replyParts(delivery: HeldDelivery): void {
    if (delivery.ask?.parts !== true) return;
    for (let part = 0; part < 3; part++) delivery.reply([part]);
  }

  private answer(delivery: HeldDelivery): void {
    this.replyParts(delivery);
    if (this.cell.random.chance(0.1)) delivery.ack();
    else delivery.ack([delivery.seq]);
  }

  private endWhenIdle(supply: Anycatch): void {
    if (supply.runningCount > 0 || !this.ending.delete(supply)) return;
    // What was settled last goes out before the catch ends.
    this.cell.core.flush(this.cell.nowMs);
    this.cell.core.catches.releaseAnycatch(supply, noWaiter);
  }

  private named(event: CaughtEvent): Named {
    const { sender, seq, channel, key } = event;
    const [number, cause] = event.data as Body;
    if (cause === null && number !== seq) throw new Error(`${sender}:${seq} carries ${number}`);
    const id = this.cell.around.names.of(sender, seq);
    return { id, channel, key, cause: cause ?? undefined };
  }

  private log(entry: LogEntry): void {
    this.cell.log(entry);
  }
}

interface Named {
  readonly id: string;
  readonly channel: string;
  readonly key: string | undefined;
  readonly cause: string | undefined;
}

interface Work {
  readonly supply: Anycatch;
  readonly plan: CatchPlan;
  readonly delivery: HeldDelivery;
  readonly name: Omit<LogEntry, "action">;
  readonly fate: Fate;
}
