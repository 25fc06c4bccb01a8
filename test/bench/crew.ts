import { checkUnion, type Share } from "./arrivals.js";
import type { ReportOf } from "./dialogue.js";
import { Member } from "./member.js";
import type { Hub } from "./peers/peer.js";
import type { Scenario, SystemName } from "./scenario.js";

/** One round: everything from the first send to the last arrival and the last confirm. */
export interface Round {
  readonly count: number;
  readonly elapsedMs: number;
  /** Events that each receiver got. */
  readonly shares: readonly number[];
  readonly latenciesMs?: Float64Array;
}

/** A round in which nothing moves for so long has lost something. */
const STALLED_MS = 8_000;
const LOOK_MS = 20;

/** The processes of one run: one drives, the others listen. */
export class Crew {
  readonly #scenario: Scenario;
  readonly #driver: Member;
  readonly #listeners: readonly Member[];

  static async gather(scenario: Scenario): Promise<Crew> {
    const flows = scenario.kind === "flow";
    const count = flows ? scenario.receiverCount : 1;
    const listeners = Array.from({ length: count }, () =>
      Member.start(flows ? "receiver" : "answerer"),
    );
    const driver = await Member.start(flows ? "sender" : "asker");
    return new Crew(scenario, driver, await Promise.all(listeners));
  }

  private constructor(scenario: Scenario, driver: Member, listeners: readonly Member[]) {
    this.#scenario = scenario;
    this.#driver = driver;
    this.#listeners = listeners;
  }

  /** Seats everybody; who listens is ready before the driver joins. */
  async join(system: SystemName, hub: Pick<Hub, "url" | "farUrl">): Promise<void> {
    const place = { system, scenario: this.#scenario.name };
    const far = { ...place, url: hub.farUrl };
    await Promise.all(this.#listeners.map((member) => member.join(far)));
    await this.#driver.join({ ...place, url: hub.url });
  }

  /**
   * Runs one round of `count` events or requests.
   *
   * @throws {Error} on a loss, a repeat, a wrong order, or a process that fails.
   */
  async run(count: number): Promise<Round> {
    const listening = this.#listeners.map((member) => {
      member.count = 0;
      const heard = member.expect("listening");
      member.tell({ do: "listen", count });
      return heard;
    });
    await Promise.all(listening);

    const driven = this.#driver.expect("driven");
    const shares = this.#shares(count);
    this.#driver.tell({ do: "go", count });
    const stall = this.#failOnStall(count);
    try {
      return roundOf(count, ...(await Promise.race([Promise.all([driven, shares]), stall.failed])));
    } finally {
      stall.cancel();
    }
  }

  async dismiss(): Promise<void> {
    await Promise.all([this.#driver, ...this.#listeners].map((member) => member.dismiss()));
  }

  async #shares(count: number): Promise<readonly Share[]> {
    if (this.#scenario.kind === "ask") return [];
    const received = this.#listeners.map((member) => member.expect("received"));
    if (this.#scenario.sharing === "each") {
      return (await Promise.all(received)).map((report) => report.share);
    }
    const complete = this.#waitForTotal(count);
    const failed = Promise.race(this.#listeners.map((member) => member.failed));
    await Promise.race([complete.reached, failed]).finally(() => complete.cancel());
    for (const member of this.#listeners) member.tell({ do: "show" });
    const shares = (await Promise.all(received)).map((report) => report.share);
    checkUnion(shares, count);
    return shares;
  }

  #waitForTotal(count: number): { readonly reached: Promise<void>; cancel(): void } {
    let timer: NodeJS.Timeout | undefined;
    const reached = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if (this.#total() >= count) resolve();
      }, LOOK_MS);
    });
    return { reached, cancel: () => clearInterval(timer) };
  }

  #failOnStall(count: number): { readonly failed: Promise<never>; cancel(): void } {
    let timer: NodeJS.Timeout | undefined;
    let lastTotal = 0;
    const failed = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        const total = this.#total();
        // Who asks reports only at the end; its requests have a time-out of their own.
        if (total === lastTotal && this.#scenario.kind === "flow") {
          const where = this.#listeners.map((member) => member.count).join(", ");
          reject(new Error(`nothing moved for ${STALLED_MS} ms: ${where} of ${count} events came`));
        }
        lastTotal = total;
      }, STALLED_MS);
    });
    return { failed, cancel: () => clearInterval(timer) };
  }

  #total(): number {
    return this.#listeners.reduce((sum, member) => sum + member.count, 0);
  }
}

function roundOf(count: number, driven: ReportOf<"driven">, shares: readonly Share[]): Round {
  const endedMs = Math.max(driven.endedMs, ...shares.map((share) => share.lastMs));
  const round = {
    count,
    elapsedMs: endedMs - driven.startedMs,
    shares: shares.map((share) => share.count),
  };
  return driven.latenciesMs === undefined ? round : { ...round, latenciesMs: driven.latenciesMs };
}
