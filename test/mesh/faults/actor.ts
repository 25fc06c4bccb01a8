import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

import type { Answer, InstructionName, Instructions, Seat } from "./instructions.js";
import { loopback, type Place } from "./place.js";

interface Waiter {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** How a process runs. */
export interface Running {
  readonly nodeFlags?: readonly string[];
  readonly place?: Place;
}

/** A process that is one cell, and does what it is told. */
export class Actor {
  readonly id: string;
  readonly pid: number;
  /** Events whose handlers hold until `finish`. */
  readonly holding: string[] = [];
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Whether it was told to say farewell. */
  isLeaving = false;
  private readonly child: ChildProcess;
  private readonly waiters = new Map<number, Waiter>();
  private readonly joining: Promise<void>;
  private onJoined: Waiter = { resolve: () => {}, reject: () => {} };
  private numbers = 0;
  private failure: Error | undefined;

  /**
   * @param script what the process runs.
   * @param running flags of node itself, and where it runs.
   */
  constructor(script: string, seat: Seat, { nodeFlags = [], place = loopback }: Running = {}) {
    this.id = seat.id;
    const [file = "", ...argv] = [...place.enter, process.execPath, ...nodeFlags];
    this.child = fork(script, [JSON.stringify(seat)], {
      execPath: file,
      execArgv: argv,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.pid = this.child.pid ?? -1;
    this.joining = new Promise((resolve, reject) => (this.onJoined = { resolve, reject }));
    this.joining.catch(() => {});
    this.child.on("message", (answer: Answer) => this.hear(answer));
    this.child.on("error", (error) => this.fail(error));
    this.ended = once(this.child, "exit").then(([code, signal]: unknown[]) =>
      this.fail(new Error(`the cell has ended with ${signal ?? code}`)),
    );
  }

  /** Resolves when the cell is welcome. */
  async joined(): Promise<this> {
    await this.joining;
    return this;
  }

  /** Has the cell do something. Rejects with what it throws, or when its process ends before. */
  tell<N extends InstructionName>(
    name: N,
    ...given: Instructions[N][0] extends void ? [] : [Instructions[N][0]]
  ): Promise<Instructions[N][1]> {
    const number = ++this.numbers;
    const told = new Promise<Instructions[N][1]>((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.waiters.set(number, { resolve: resolve as Waiter["resolve"], reject });
      this.child.send({ number, name, with: given[0] });
    });
    // Who kills the cell does not ask what became of its tasks.
    told.catch(() => {});
    return told;
  }

  /** Has it say farewell when its work is done. Resolves, when it is gone, with the events that nobody confirmed. */
  async leave(): Promise<number> {
    this.isLeaving = true;
    const unconfirmed = await this.tell("close").catch(() => 0);
    await this.ended;
    return unconfirmed;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  private hear(answer: Answer): void {
    switch (answer.kind) {
      case "joined":
        this.onJoined.resolve(undefined as never);
        break;
      case "holding":
        this.holding.push(answer.event);
        break;
      case "done":
        this.take(answer.number)?.resolve(answer.result as never);
        break;
      case "failed":
        if (answer.number === undefined) this.fail(new Error(answer.why));
        else this.take(answer.number)?.reject(new Error(answer.why));
        break;
    }
  }

  private take(number: number): Waiter | undefined {
    const waiter = this.waiters.get(number);
    this.waiters.delete(number);
    return waiter;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.onJoined.reject(error);
    for (const { reject } of this.waiters.values()) reject(error);
    this.waiters.clear();
  }
}
