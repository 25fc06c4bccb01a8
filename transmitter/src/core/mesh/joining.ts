import type { Thid } from "@thynapse/protocol";

/** What joining asks of the mesh around it. */
export interface JoiningParts {
  /** Whether the link to a member is up. */
  isUp(id: Thid): boolean;
  /** Whether a member is dead, or has left: nobody waits for it. */
  isGone(id: Thid): boolean;
  joined(isDegraded: boolean): void;
}

/**
 * When a transmitter that has just started is one of the mesh: it is linked both ways with
 * everybody whom those list as alive that it is linked with.
 *
 * @see PROTOCOL.md §19.18
 */
export class Joining {
  private readonly parts: JoiningParts;
  /** Seeds that may be somebody else. */
  private seeds = 0;
  private untilMs = Number.POSITIVE_INFINITY;
  private state: "idle" | "joining" | "joined" = "idle";
  /** Whose list has come, over their link. */
  private readonly met = new Set<Thid>();
  private readonly listed = new Set<Thid>();

  constructor(parts: JoiningParts) {
    this.parts = parts;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.state === "joining" ? this.untilMs : Number.POSITIVE_INFINITY;
  }

  start(seeds: number, untilMs: number): void {
    this.state = "joining";
    this.seeds = seeds;
    this.untilMs = untilMs;
    this.check();
  }

  /** One of the seeds was this transmitter. */
  metItself(): void {
    this.seeds--;
    this.check();
  }

  /** Somebody has told us all that it knows, and whom it holds for alive. */
  told(by: Thid, alive: readonly Thid[]): void {
    if (this.state === "joined") return;
    this.met.add(by);
    for (const id of alive) this.listed.add(id);
    this.check();
  }

  /** Looks whether anybody is still waited for. */
  check(): void {
    if (this.state !== "joining") return;
    if (this.seeds > 0) {
      if (this.met.size === 0) return;
      for (const id of this.listed) if (!this.isDone(id)) return;
    }
    this.end(false);
  }

  /** Gives up waiting when it is time. */
  tick(nowMs: number): void {
    if (this.state === "joining" && nowMs >= this.untilMs) this.end(true);
  }

  private isDone(id: Thid): boolean {
    return this.parts.isGone(id) || (this.met.has(id) && this.parts.isUp(id));
  }

  private end(isDegraded: boolean): void {
    this.state = "joined";
    this.met.clear();
    this.listed.clear();
    this.parts.joined(isDegraded);
  }
}
