import { encodeExtras, type EventExtras } from "@thynapse/protocol";
import type { ConfirmWatcher } from "../../cell-sdk/dist/core/run-record.js";
import type { CellProcess } from "./cell-process.js";
import type { Body } from "./handlers.js";
import type { SendWish } from "./log.js";
import type { SendPlan } from "./plan.js";

/** Idempotency keys of a whole world: some are used twice, by whoever comes next. */
const sameKeys = 40;

/** The sender of a simulated cell: bursts of drawn events, until it is told to stop. */
export class Sending {
  /** Events that were sent. */
  sent = 0;
  /** Asks that nobody has answered, and that have not run out of time. */
  openAsks = 0;
  private readonly cell: CellProcess;
  private readonly plan: SendPlan;
  private readonly isOver: () => boolean;
  private readonly padding: string;
  /** Where all events of the present burst go, if to one channel. */
  private channel: string | undefined;

  constructor(cell: CellProcess, plan: SendPlan, isOver: () => boolean) {
    this.cell = cell;
    this.plan = plan;
    this.isOver = isOver;
    this.padding = "x".repeat(plan.paddingMax);
    this.next();
  }

  private next(): void {
    this.cell.actIn(this.cell.random.waitMs(this.plan.everyMs), () => this.burst());
  }

  private burst(): void {
    const { random, core } = this.cell;
    if (this.isOver() || core.closing.state.name !== "open") return;
    const count = random.int(1, this.plan.burstMax);
    const { isMixed, channels } = this.plan;
    this.channel = isMixed ? undefined : random.pick(channels);
    for (let at = 1; at < count; at++) this.send(undefined);
    if (this.plan.pace === "flood") {
      this.send(undefined);
      this.next();
      return;
    }
    const goOn = (): void => this.next();
    const until = this.plan.pace;
    this.send({ until, confirmed: goOn, refused: goOn });
  }

  private send(watcher: ConfirmWatcher | undefined): void {
    const { random, core } = this.cell;
    const { plan } = this;
    const channel = this.channel ?? random.pick(plan.channels);
    const number = this.sent + 1;
    const length = Math.floor(random.float() ** 4 * plan.paddingMax);
    const data: Body = [number, null, this.padding.slice(0, length)];
    if (watcher === undefined && random.chance(plan.askShare + plan.gatherShare)) {
      this.ask(channel, data);
      return;
    }
    const extras = this.extras();
    const destination = core.outbox.send(channel, data, encodeExtras(extras));
    this.log(channel, extras.key, { ttlMs: extras.ttlMs, same: extras.id });
    const seq = destination.seqAt(core.outbox.lastIndex);
    if (seq !== 0 && seq !== number) throw new Error(`event ${number} was given number ${seq}`);
    if (watcher !== undefined) destination.watch(core.outbox.lastIndex, watcher);
  }

  private ask(channel: string, data: Body): void {
    const { random, core } = this.cell;
    const { gatherShare, askShare } = this.plan;
    const gather = random.chance(gatherShare / (askShare + gatherShare));
    const timeoutMs = random.int(50, 3000);
    const parts = !gather && random.chance(0.6);
    const retry = !gather && random.chance(0.3);
    const key = random.chance(this.plan.keyShare) ? random.pick(this.plan.keys) : undefined;
    const ask = { timeoutMs, gather, parts, retry };
    const extras = encodeExtras({ ask, ...(key !== undefined && { key }) });
    const ended = (): void => void this.openAsks--;
    const ignored = (): void => {};
    this.openAsks++;
    core.ask(
      { channel, data, extras },
      { timeoutMs, gather, parts, restart: true },
      {
        ...{ part: ignored, restarted: ignored, expected: ignored, gone: ignored },
        ...{ result: ignored, cellFailed: ignored, ended, failed: ended },
      },
    );
    this.log(channel, key, { ttlMs: timeoutMs, isAsk: true, isGather: gather });
  }

  private extras(): EventExtras {
    const { random } = this.cell;
    const { keys, keyShare, ttlShare, sameShare, headersShare } = this.plan;
    return {
      ...(random.chance(keyShare) && { key: random.pick(keys) }),
      ...(random.chance(ttlShare) && { ttlMs: random.int(1, 2000) }),
      ...(random.chance(sameShare) && { id: `same-${random.int(1, sameKeys)}` }),
      ...(random.chance(headersShare) && { headers: { drawn: random.hex(32) } }),
    };
  }

  private log(channel: string, key: string | undefined, wish: SendWish): void {
    this.sent++;
    const id = this.cell.around.names.of(this.cell.terms.id, this.sent);
    this.cell.log({ id, action: "sent", channel, wish, key });
  }
}
