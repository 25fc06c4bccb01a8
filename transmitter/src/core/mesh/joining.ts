import type { Thid } from "@thynapse/protocol";
import { isGone, mayLive } from "./member-state.js";
import type { Members } from "./members.js";
import type { Peering } from "./peering.js";

/** What joining looks at. */
export interface JoiningParts {
  readonly peering: Pick<Peering, "isUp">;
  readonly members: Pick<Members, "all" | "get">;
}

/** A transmitter as others list it. */
export interface Listed {
  readonly id: Thid;
  readonly isAlive: boolean;
}

/**
 * Heartbeats without news after which a start has heard of everybody: several that start at once
 * know of each other only after the next heartbeats of those between them.
 */
const quietBeats = 1.5;

/**
 * When a transmitter that has just started is one of the mesh: it is linked both ways with
 * everybody whom those list as alive that it is linked with.
 *
 * @see PROTOCOL.md §19.18
 */
export class Joining {
  private readonly parts: JoiningParts;
  private readonly joined: (isDegraded: boolean) => void;
  private readonly quietMs: number;
  /** Seeds that may be somebody else. */
  private seeds = 0;
  private untilMs = Number.POSITIVE_INFINITY;
  /** When it has been quiet for long enough; infinite while somebody is waited for. */
  private quietUntilMs = Number.POSITIVE_INFINITY;
  private state: "idle" | "joining" | "joined" = "idle";
  /** Whose list has come, over their link. */
  private readonly met = new Set<Thid>();
  private readonly listed = new Set<Thid>();
  /** Who is listed as dead or as having left, and so only heard of. */
  private readonly gone = new Set<Thid>();

  constructor(
    parts: JoiningParts,
    joined: (isDegraded: boolean) => void,
    { heartbeatMs }: { readonly heartbeatMs: number },
  ) {
    this.parts = parts;
    this.joined = joined;
    this.quietMs = quietBeats * heartbeatMs;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    if (this.state !== "joining") return Number.POSITIVE_INFINITY;
    return Math.min(this.untilMs, this.quietUntilMs);
  }

  start(seeds: number, nowMs: number, untilMs: number): void {
    this.state = "joining";
    this.seeds = seeds;
    this.untilMs = untilMs;
    this.check(nowMs);
  }

  /** One of the seeds was this transmitter. */
  metItself(nowMs: number): void {
    this.seeds--;
    this.check(nowMs);
  }

  /** Somebody has told us all that it knows, and whom it knows: who is alive, and who is not. */
  told(by: Thid, known: readonly Listed[], nowMs: number): void {
    if (this.state === "joined") return;
    this.met.add(by);
    for (const { id, isAlive } of known) (isAlive ? this.listed : this.gone).add(id);
    this.check(nowMs);
  }

  /** Looks whether anybody is still waited for. */
  check(nowMs: number): void {
    if (this.state !== "joining") return;
    if (this.seeds <= 0) this.end(false);
    else if (!this.isComplete) this.quietUntilMs = Number.POSITIVE_INFINITY;
    else if (this.quietUntilMs === Number.POSITIVE_INFINITY) {
      this.quietUntilMs = nowMs + this.quietMs;
    }
  }

  /** Ends it when it is quiet, or gives up waiting when it is time. */
  tick(nowMs: number): void {
    if (this.state !== "joining") return;
    this.check(nowMs);
    if (this.state === "joining" && nowMs >= this.quietUntilMs) this.end(false);
    else if (this.state === "joining" && nowMs >= this.untilMs) this.end(true);
  }

  private get isComplete(): boolean {
    if (this.met.size === 0) return false;
    for (const { id, state } of this.parts.members.all) {
      const isEcho = state === "heard-of" && this.gone.has(id);
      if (mayLive(state) && !isEcho) this.listed.add(id);
    }
    for (const id of this.listed) if (!this.isDone(id)) return false;
    return true;
  }

  private isDone(id: Thid): boolean {
    const { members, peering } = this.parts;
    return isGone(members.get(id)?.state) || (this.met.has(id) && peering.isUp(id));
  }

  private end(isDegraded: boolean): void {
    this.state = "joined";
    this.met.clear();
    this.listed.clear();
    this.gone.clear();
    this.joined(isDegraded);
  }
}
