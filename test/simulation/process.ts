import type { Agenda } from "./agenda.js";
import type { Cores } from "./cores.js";
import type { SeededRandom } from "./random.js";

/**
 * - `running`: its threads run. The JavaScript thread may be busy until some time; the I/O threads
 *   go on meanwhile.
 * - `stopped`: SIGSTOP: nothing of it runs, and its connections stand until somebody else cuts
 *   them. Ends by `wake`.
 * - `dead`: it was killed or has ended; nothing ends that.
 */
export type ProcessState = "running" | "stopped" | "dead";

/**
 * Jobs that one turn of the event loop does at most, as the pumps of the real thing have a budget.
 */
const turnJobsMax = 64;

/**
 * A process with one event loop: jobs come in from sockets and timers, and are done in turns. After
 * each turn `onTurn` is called, which is where effects are carried out.
 */
export class Process {
  state: ProcessState = "running";
  /** How long a turn may be put off, in ms. */
  turnMsMax = 0.05;
  /** The cores that it shares with others; none are as good as enough. */
  cores: Cores | undefined;
  /** When it was stopped last. */
  stoppedAtMs = 0;
  /** Until when the JavaScript thread does nothing but what it is doing. */
  busyUntilMs = 0;
  private readonly agenda: Agenda;
  private readonly random: SeededRandom;
  private readonly onTurn: () => void;
  private jobs: (() => void)[] = [];
  private isPlanned = false;
  private timerMs = Number.POSITIVE_INFINITY;
  private waking: (() => void)[] = [];

  constructor(agenda: Agenda, random: SeededRandom, onTurn: () => void) {
    this.agenda = agenda;
    this.random = random;
    this.onTurn = onTurn;
  }

  /** Has something done by its threads: at once, or when it wakes; never if it is dead. */
  whenAwake(act: () => void): void {
    if (this.state === "running") act();
    else if (this.state === "stopped") this.waking.push(act);
  }

  /** Has a job done in the next turn. What a dead process is given is lost. */
  post(job: () => void): void {
    if (this.state === "dead") return;
    this.jobs.push(job);
    this.plan();
  }

  /** Has a job done at a time, or as soon after it as the process can. */
  later(delayMs: number, job: () => void): void {
    this.agenda.in(delayMs, () => this.post(job));
  }

  /** Keeps one timer: `job` is done at the earliest time asked for since it was done last. */
  timer(dueMs: number, job: () => void): void {
    if (dueMs >= this.timerMs || this.state === "dead") return;
    this.timerMs = dueMs;
    this.agenda.at(dueMs, () => {
      if (this.timerMs !== dueMs) return;
      this.timerMs = Number.POSITIVE_INFINITY;
      this.post(job);
    });
  }

  /** The JavaScript thread is busy for a while; whatever comes waits. */
  block(durationMs: number): void {
    this.busyUntilMs = Math.max(this.busyUntilMs, this.agenda.nowMs + durationMs);
  }

  stop(): void {
    if (this.state !== "running") return;
    this.state = "stopped";
    this.stoppedAtMs = this.agenda.nowMs;
  }

  wake(): void {
    if (this.state !== "stopped") return;
    this.state = "running";
    for (const act of this.waking.splice(0)) act();
    if (this.jobs.length > 0) this.plan();
  }

  kill(): void {
    this.state = "dead";
    this.jobs = [];
    this.waking = [];
  }

  private plan(): void {
    if (this.isPlanned || this.state !== "running") return;
    this.isPlanned = true;
    const soonMs = this.agenda.nowMs + this.random.between(0.005, this.turnMsMax);
    this.agenda.at(Math.max(soonMs, this.busyUntilMs), () => {
      if (this.cores === undefined) this.turn();
      else this.cores.run(() => this.turn());
    });
  }

  /** @returns how many jobs were done. */
  private turn(): number {
    this.isPlanned = false;
    if (this.state !== "running") return 0;
    if (this.busyUntilMs > this.agenda.nowMs) {
      this.plan();
      return 0;
    }
    const jobs = this.jobs.splice(0, turnJobsMax);
    for (const job of jobs) {
      if (this.isDead()) return 0;
      job();
    }
    if (this.isDead()) return jobs.length;
    this.onTurn();
    if (this.jobs.length > 0) this.plan();
    return jobs.length;
  }

  /** A job may have killed it. */
  private isDead(): boolean {
    return this.state === "dead";
  }
}
