import type { Links } from "../../../transmitter/src/core/sites/links.js";
import type { CoreLimits } from "../../../transmitter/src/core/effects.js";
import { commandOf } from "../../../transmitter/src/core/sites/site-words.js";
import { CoreBench } from "../core-bench.js";

interface Message {
  readonly from: number;
  readonly to: number;
  readonly part: Buffer;
  readonly done: ((isTaken: boolean) => void) | undefined;
}

/** Several transmitters on benches, with links that keep their order and lose nothing. */
export class SiteNet {
  readonly benches: CoreBench[];
  readonly ids: string[];
  /** Words on the way, oldest first. */
  readonly sent: Message[] = [];
  /** How often each word was carried. */
  readonly carried = new Map<string, number>();
  /** What each has set in its record, and the others have heard. */
  private readonly records: Map<string, unknown>[];
  /** The newest session of a cell that each has heard of from another one. */
  private readonly sessions: Map<string, number>[];
  private readonly unheard: (() => void)[] = [];
  /** What those have set in the meantime whom another one does not hear, by the two. */
  private readonly unlinked = new Map<string, [key: string, told: () => void][]>();
  private readonly waiters: (() => void)[] = [];
  private readonly dead = new Set<number>();
  private readonly away = new Set<number>();
  private isPumping = false;
  /** Those of whose words the others have not taken all. */
  readonly unacked = new Set<number>();
  /** Whether words wait until `pump`. */
  isHeld = false;
  /** When all of them came to each other: long ago. */
  joinedMs = Number.NEGATIVE_INFINITY;

  constructor(count: number, limits: Partial<CoreLimits> = {}) {
    this.ids = Array.from({ length: count }, (_, at) => String(at + 1).repeat(40));
    this.records = this.ids.map(() => new Map<string, unknown>());
    this.sessions = this.ids.map(() => new Map<string, number>());
    this.benches = this.ids.map((id, at) => {
      return new CoreBench(limits, { id, firstCell: 100 * (at + 1) });
    });
    for (const [at, bench] of this.benches.entries()) {
      bench.core.sites.join(this.linksOf(at));
      bench.afterTurn = () => this.settle();
    }
    for (const bench of this.benches) {
      for (const id of this.ids) {
        if (id !== bench.core.options.id) bench.core.sites.found(id, 7, []);
      }
    }
  }

  /** What one has set in its record. */
  recordOf(at: number): ReadonlyMap<string, unknown> {
    return this.records[at] as Map<string, unknown>;
  }

  /** Lets time pass everywhere. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 10) {
      for (const [at, bench] of this.benches.entries()) {
        if (!this.dead.has(at)) bench.pass(Math.min(10, left));
      }
    }
  }

  /** A transmitter is killed, and the others have found that, but for those not yet aware of it. */
  kill(at: number, unaware: readonly number[] = []): void {
    this.end(at, unaware, false);
  }

  /** A transmitter says farewell. */
  leave(at: number): void {
    this.end(at, [], true);
  }

  private end(at: number, unaware: readonly number[], isForGood: boolean): void {
    this.dead.add(at);
    const id = this.ids[at] as string;
    const lost = this.sent.filter(({ from, to }) => from === at || to === at);
    for (const message of lost) {
      this.sent.splice(this.sent.indexOf(message), 1);
      if (message.from !== at) message.done?.(false);
    }
    for (const [other, bench] of this.benches.entries()) {
      if (this.dead.has(other) || unaware.includes(other)) continue;
      bench.turn(() => bench.core.sites.lost(id, bench.nowMs, isForGood));
    }
  }

  /** A transmitter that was killed was but frozen: it goes on, and knows that it was away. */
  thaw(at: number): void {
    this.dead.delete(at);
    this.away.add(at);
  }

  /** It hears the others, and they hear it. */
  rejoin(at: number): void {
    const bench = this.benches[at] as CoreBench;
    for (const [other, id] of this.ids.entries()) {
      if (other === at) continue;
      for (const [key, value] of this.records[other] as Map<string, unknown>) {
        bench.turn(() => bench.core.sites.changed(id, key, value, bench.nowMs));
      }
      bench.turn(() => bench.core.sites.begunAnew(id, bench.nowMs));
      this.dig(other, at);
    }
    this.away.delete(at);
  }

  /** The link between two begins anew: what is on its way on it is lost, and both are told. */
  renew(one: number, other: number): void {
    const lost = this.sent.filter(
      ({ from, to }) => [from, to].includes(one) && [from, to].includes(other),
    );
    for (const message of lost) this.sent.splice(this.sent.indexOf(message), 1);
    const { isHeld } = this;
    this.isHeld = true;
    for (const at of [one, other]) {
      const bench = this.benches[at] as CoreBench;
      const peer = this.ids[at === one ? other : one] as string;
      bench.turn(() => {
        bench.core.sites.begunAnew(peer, bench.nowMs);
        for (const { from, done } of lost) if (from === at) done?.(false);
      });
    }
    this.isHeld = isHeld;
    this.settle();
  }

  /** One transmitter takes another one for dead, or no longer. */
  bury(at: number, other: number): void {
    const bench = this.benches[at] as CoreBench;
    bench.turn(() => bench.core.sites.lost(this.ids[other] as string, bench.nowMs, false));
  }

  dig(at: number, other: number): void {
    const bench = this.benches[at] as CoreBench;
    const values = [...(this.records[other] as Map<string, unknown>)];
    bench.turn(() => bench.core.sites.found(this.ids[other] as string, 7, values));
  }

  /** One does not hear what another one sets in its record. */
  deafen(at: number, other: number): void {
    this.unlinked.set(`${other} to ${at}`, []);
  }

  /** It hears it again, and what was set meanwhile: all of it, or what has come of that. */
  hear(at: number, other: number, how: "all" | "last" = "all"): void {
    const name = `${other} to ${at}`;
    const unheard = this.unlinked.get(name) ?? [];
    const last = new Map(unheard);
    for (const [key, told] of unheard) {
      if (how === "all" || last.get(key) === told) this.unheard.push(told);
    }
    this.unlinked.delete(name);
    this.pump();
  }

  /** Delivers every word that is on the way. */
  pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    for (let more = true; more; ) {
      more = this.step();
    }
    this.isPumping = false;
  }

  /** Delivers the oldest word that is on the way to a transmitter. */
  carryFirst(to: number): void {
    const at = this.sent.findIndex((message) => message.to === to);
    for (const message of this.sent.splice(at, 1)) this.carry(message);
  }

  /** Delivers every word that is on the way, but those to one. */
  pumpPast(to: number): void {
    const next = (): number => this.sent.findIndex((message) => message.to !== to);
    for (let at = next(); at >= 0; at = next()) {
      for (const message of this.sent.splice(at, 1)) this.carry(message);
    }
  }

  private settle(): void {
    if (!this.isHeld) this.pump();
  }

  private step(): boolean {
    const told = this.unheard.shift();
    if (told !== undefined) {
      told();
      return true;
    }
    const message = this.sent.shift();
    if (message !== undefined) {
      this.carry(message);
      return true;
    }
    const waiter = this.waiters.shift();
    waiter?.();
    return waiter !== undefined;
  }

  private carry({ from, to, part, done }: Message): void {
    const bench = this.benches[to] as CoreBench;
    const word = commandOf(part);
    this.carried.set(word, (this.carried.get(word) ?? 0) + 1);
    bench.turn(() => bench.core.sites.word(this.ids[from] as string, part, bench.nowMs));
    const sender = this.benches[from] as CoreBench;
    if (done !== undefined) sender.turn(() => done(true));
  }

  private linksOf(at: number): Links {
    return {
      send: (id, part, _nowMs, done) => {
        const to = this.ids.indexOf(id);
        if (this.dead.has(to)) done?.(false);
        else this.sent.push({ from: at, to, part, done });
      },
      isLinked: (id) => this.ids.includes(id) && !this.dead.has(this.ids.indexOf(id)),
      unackedBytes: () => (this.unacked.has(at) ? 1 : 0),
      commandOf: (id) => `tcp://transmitter-${this.ids.indexOf(id)}`,
      joinedMs: () => this.joinedMs,
      linkedPeers: () => this.ids.filter((_, other) => other !== at && !this.dead.has(other)),
      attachedSession: (cell) => this.attachedSession(at, cell),
      wasAway: () => this.away.has(at),
      hasRoom: () => true,
      set: (key, value) => this.set(at, key, value),
      whenKnown: (then) => {
        const bench = this.benches[at] as CoreBench;
        this.waiters.push(() => bench.turn(then));
      },
    };
  }

  private attachedSession(at: number, cell: string): number {
    const heard = this.ids.map((_, other) => {
      return this.dead.has(other) ? 0 : this.sessions[at]?.get(`${other} c ${cell}`);
    });
    return Math.max(...heard.map((session) => session ?? 0));
  }

  private set(at: number, key: string, value: unknown): void {
    this.records[at]?.set(key, value);
    for (const [other, bench] of this.benches.entries()) {
      if (other === at) continue;
      const told = (): void => {
        if (this.dead.has(other)) return;
        const id = this.ids[at] as string;
        const session = Array.isArray(value) ? Number(value[1]) : 0;
        this.sessions[other]?.set(`${at} ${key}`, session);
        bench.turn(() => bench.core.sites.changed(id, key, value, bench.nowMs));
      };
      const unlinked = this.unlinked.get(`${at} to ${other}`);
      if (unlinked === undefined) this.unheard.push(told);
      else unlinked.push([key, told]);
    }
  }
}
