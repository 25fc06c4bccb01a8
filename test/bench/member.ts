import { fork, type ChildProcess } from "node:child_process";

import { roleScript } from "../support/roles.js";
import type { Instruction, Report, ReportOf, RoleName } from "./dialogue.js";

/** Every process that was forked here and has not ended. */
const running = new Set<ChildProcess>();

/** A process that plays one role in one run. */
export class Member {
  /** Where it stands in this round, in events; the bench sets it back before each. */
  count = 0;
  /** Rejects when the process says that it failed, or ends. Never resolves. */
  readonly failed: Promise<never>;
  readonly #role: RoleName;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<Report["said"], (report: Report) => void>();

  static async start(role: RoleName): Promise<Member> {
    return new Member(role, await roleScript(`bench/roles/${role}`));
  }

  private constructor(role: RoleName, script: string) {
    this.#role = role;
    this.#child = fork(script, {
      serialization: "advanced",
      execArgv: [],
      // What its libraries print must not get into the one JSON document on standard output.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    running.add(this.#child);
    this.failed = new Promise((_, reject) => {
      this.#child.on("message", (report: Report) => {
        if (report.said === "failed") reject(new Error(`${role}: ${report.why}`));
        else this.#hear(report);
      });
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => {
        running.delete(this.#child);
        reject(new Error(`${role} ended with ${signal ?? code}`));
      });
    });
    // Whoever waits for a report sees the failure; nobody has to.
    this.failed.catch(() => {});
  }

  /** The next report of that kind. One caller at a time may wait for it. */
  expect<Said extends Report["said"]>(said: Said): Promise<ReportOf<Said>> {
    const heard = new Promise<ReportOf<Said>>((resolve) => {
      this.#waiting.set(said, resolve as (report: Report) => void);
    });
    const outcome = Promise.race([heard, this.failed]);
    // A run that fails elsewhere waits for this one no longer.
    outcome.catch(() => {});
    return outcome;
  }

  /** Takes a seat at the hub. */
  async join(
    place: Omit<Extract<Instruction, { readonly do: "join" }>, "do" | "role">,
  ): Promise<void> {
    const joined = this.expect("joined");
    this.tell({ do: "join", role: this.#role, ...place });
    await joined;
  }

  tell(instruction: Instruction): void {
    if (this.#child.connected) this.#child.send(instruction);
  }

  /** Lets the process close its seat, and ends it if it does not within two seconds. */
  async dismiss(): Promise<void> {
    if (!running.has(this.#child)) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    const last = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    this.tell({ do: "leave" });
    await ended;
    clearTimeout(last);
  }

  #hear(report: Report): void {
    if (report.said === "progress") this.count = report.count;
    if (report.said === "received") this.count = report.share.count;
    this.#waiting.get(report.said)?.(report);
    this.#waiting.delete(report.said);
  }
}

/** Ends at once every process that was forked here and still runs, and waits for its end. */
export async function killMembers(): Promise<void> {
  const ended = [...running].map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(ended);
}
