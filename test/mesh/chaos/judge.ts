import type { LogRecord } from "../../simulation/log.js";

/** What became of the events of a run, by their identity: (sender, number). */
export interface Judgement {
  readonly sent: number;
  /** Events that their senders were told are handled. */
  readonly confirmed: number;
  /** Of those, pairs of event and group in which no handler ever ended. */
  readonly lost: readonly string[];
  /** Pairs of event and group that a handler began with. */
  readonly handled: number;
  /** Of those, pairs that more than one began with. */
  readonly twice: number;
  readonly twiceUnmarked: readonly string[];
  /** Pairs in which deliveries of two origins were acked, while the first of them lived. */
  readonly byTwoOrigins: number;
  /** Pairs in which deliveries of two origins were acked, of which the first had died. */
  readonly byNextOrigin: number;
  /** Pairs in a group of at most once that more than one began with. */
  readonly twiceAtMostOnce: readonly string[];
}

/** A group that was there all the time. */
export interface JudgedGroup {
  readonly service: string;
  readonly pattern: string;
  readonly isAtMostOnce: boolean;
  readonly fits: (channel: string) => boolean;
}

interface Fate {
  begun: number;
  /** Whether a handler began that was not told that it may have been handled before. */
  hasUnmarked: boolean;
  acked: number;
  /** The origin of the first delivery that was acked. */
  origin: string;
  next: "none" | "beside" | "after";
}

interface JudgedEvent {
  channel: string;
  isConfirmed: boolean;
  /** Whether it came when nobody could know of any group. */
  isUnknown: boolean;
  /** By group, in the order of the groups. */
  readonly fates: (Fate | undefined)[];
}

/**
 * Counts what was lost and what came twice. The checker of the rules knows excuses; this one has none: what a sender was
 * told is handled must have been, in every group.
 */
export class Judge {
  private readonly groups: readonly JudgedGroup[];
  private readonly events = new Map<string, JudgedEvent>();
  private readonly unmarked: string[] = [];
  private readonly dead = new Set<string>();
  private readonly living = new Set<string>();
  /** Until when nobody may know of the groups, since no transmitter was left that did. */
  private forgottenUntilMs = 0;
  /** Senders that came after that, and before groups stood again: nobody waits for those for them. */
  private readonly early = new Set<string>();
  private readonly known = new Set<string>();
  /** The origin under which each handler runs. */
  private readonly origins = new Map<string, string>();

  constructor(groups: readonly JudgedGroup[]) {
    this.groups = groups;
  }

  take(record: LogRecord): void {
    const { id, cell, action, channel = "", home = "", timeMs } = record;
    if (action === "crashed") this.crashed(home, timeMs);
    else if (action === "started") this.living.add(home);
    else if (action === "attached") this.attached(cell, timeMs);
    if (id === "") return;
    if (action === "sent") this.sent(id, channel, timeMs);
    else if (action === "handled") this.event(id).isConfirmed = true;
    else if (action === "begun") this.begun(record);
    else if (action === "acked") this.acked(record);
  }

  finish(): Judgement {
    const [lost, twiceAtMostOnce]: [string[], string[]] = [[], []];
    let [sent, confirmed, handled, twice, byTwoOrigins, byNextOrigin] = [0, 0, 0, 0, 0, 0];
    for (const [id, { channel, isConfirmed, isUnknown, fates }] of this.events) {
      if (channel === "") continue;
      sent++;
      if (isConfirmed) confirmed++;
      for (const [at, group] of this.groups.entries()) {
        const fate = fates[at];
        const name = `${id} in ${group.service} ${group.pattern}`;
        if (fate === undefined || fate.acked === 0) {
          if (isConfirmed && !isUnknown && !group.isAtMostOnce && group.fits(channel))
            lost.push(name);
        }
        if (fate === undefined) continue;
        handled++;
        if (fate.begun > 1) twice++;
        if (fate.begun > 1 && group.isAtMostOnce) twiceAtMostOnce.push(name);
        if (fate.next === "beside") byTwoOrigins++;
        if (fate.next === "after") byNextOrigin++;
      }
    }
    const counts = { sent, confirmed, handled, twice, byTwoOrigins, byNextOrigin };
    return { ...counts, lost, twiceAtMostOnce, twiceUnmarked: this.unmarked };
  }

  private crashed(home: string, timeMs: number): void {
    this.dead.add(home);
    this.living.delete(home);
    if (this.living.size === 0) this.forgottenUntilMs = timeMs + comebackMs;
  }

  private attached(cell: string, timeMs: number): void {
    if (this.known.has(cell)) return;
    this.known.add(cell);
    if (timeMs < this.forgottenUntilMs) this.early.add(cell);
  }

  private sent(id: string, channel: string, timeMs: number): void {
    const event = this.event(id);
    event.channel = channel;
    const sender = id.slice(0, id.indexOf(":"));
    event.isUnknown = timeMs < this.forgottenUntilMs && this.early.has(sender);
  }

  private begun(record: LogRecord): void {
    const { id, repeat, attempt = 1, home = "" } = record;
    const fate = this.fateOf(record);
    if (fate === undefined) return;
    fate.begun++;
    this.origins.set(nameOf(record), home);
    if (repeat === true || attempt > 1) return;
    // Of two that are told nothing the second should have been. One may have waited in a frozen cell meanwhile.
    if (fate.hasUnmarked) this.unmarked.push(id);
    fate.hasUnmarked = true;
  }

  private acked(record: LogRecord): void {
    const fate = this.fateOf(record);
    if (fate === undefined) return;
    const name = nameOf(record);
    const origin = this.origins.get(name) ?? "";
    this.origins.delete(name);
    fate.acked++;
    if (fate.acked === 1) fate.origin = origin;
    else if (fate.origin !== origin) fate.next = this.dead.has(fate.origin) ? "after" : "beside";
  }

  private fateOf({ id, service, pattern }: LogRecord): Fate | undefined {
    const at = this.groups.findIndex((it) => it.service === service && it.pattern === pattern);
    if (at < 0) return undefined;
    const none = { begun: 0, hasUnmarked: false, acked: 0, origin: "", next: "none" } as const;
    return (this.event(id).fates[at] ??= { ...none });
  }

  private event(id: string): JudgedEvent {
    let event = this.events.get(id);
    if (event === undefined) {
      event = { channel: "", isConfirmed: false, isUnknown: false, fates: [] };
      this.events.set(id, event);
    }
    return event;
  }
}

/** How long cells take to come back when all transmitters were gone at once. */
const comebackMs = 10_000;

function nameOf({ id, cell, service, pattern, attempt }: LogRecord): string {
  return `${id} ${cell} ${service} ${pattern} ${attempt}`;
}
