import { setImmediate as yieldToLoop } from "node:timers/promises";

/** What a pump needs of a socket; every readable socket of zeromq has it. */
export interface PumpedSocket {
  receive(): Promise<Buffer[]>;
  /** Time that `receive` waits, in ms; 0 answers at once. */
  receiveTimeout: number;
  readonly readable: boolean;
  readonly closed: boolean;
}

/** What a pump calls. */
export interface PumpHandlers {
  /** Takes one message, in the very turn in which the socket gave it. */
  take(parts: Buffer[]): void;
  /** Ends a batch: what the messages caused goes out before the next one is read. */
  turn(): Promise<void>;
}

/**
 * Messages of one batch: 512. What a batch causes (confirms, deliveries) goes out together, so a
 * larger one would save little and delay the first answer.
 */
const batchMax = 512;

/** Time that pumps take, together, before timers and other sockets have their turn, in ms. */
const budgetMs = 2;

/** Messages between two looks at the clock. */
const clockEvery = 32;

/**
 * A batch of so many makes the next one greedy: it reads until the socket is dry without asking
 * first. Asking costs a system call each time, about a tenth of what the refusal at the end costs.
 */
const greedyFrom = 16;

/**
 * How long a pump waits in one piece, in ms. A waiting `receive` cannot be called off, and no
 * socket may be unbound under it, so this bounds how long `pause` takes. Ten times a second, for
 * two sockets, were a third of what an idle transmitter costs.
 */
const parkMs = 200;

/**
 * The time that the pumps of one transmitter have taken since the event loop last ran.
 *
 * A message that is there already is received without a turn of the event loop, so a pump that
 * never stopped would starve timers, and heartbeats with them.
 */
export class TurnBudget {
  private startMs = 0;
  private open = false;

  /** Whether it is time to let the event loop run. */
  get spent(): boolean {
    if (!this.open) {
      this.open = true;
      this.startMs = performance.now();
      setImmediate(() => {
        this.open = false;
      });
      return false;
    }
    return performance.now() - this.startMs >= budgetMs;
  }
}

type State = "running" | "pausing" | "paused" | "stopped";

/**
 * Receives from one socket in batches, until the socket is closed.
 *
 * Hot path: a message costs one call into zeromq and one turn of the microtask queue.
 */
export class Pump {
  private readonly socket: PumpedSocket;
  private readonly handlers: PumpHandlers;
  private readonly budget: TurnBudget;
  private state: State = "running";
  private hasBegun = false;
  private greedy = false;
  private paused: (() => void) | undefined;
  private resumed: (() => void) | undefined;

  constructor(socket: PumpedSocket, handlers: PumpHandlers, budget: TurnBudget) {
    this.socket = socket;
    this.handlers = handlers;
    this.budget = budget;
  }

  /**
   * Receives until the socket is closed or `stop` was called; rejects with what a handler threw.
   */
  async run(): Promise<void> {
    this.hasBegun = true;
    if (this.state === "paused") await this.rest();
    while (this.state !== "stopped" && !this.socket.closed) {
      const first = await this.wait();
      if (first !== undefined) {
        this.handlers.take(first);
        await this.readBatch();
        await this.handlers.turn();
        if (this.budget.spent) await yieldToLoop();
      }
      if (this.state === "pausing") await this.rest();
    }
  }

  /** Resolves when nothing is being received any more, at most 200 ms and a turn later. */
  async pause(): Promise<void> {
    if (this.state !== "running") return;
    this.state = this.hasBegun ? "pausing" : "paused";
    if (!this.hasBegun) return;
    await new Promise<void>((resolve) => {
      this.paused = resolve;
    });
  }

  /** Receives again. */
  resume(): void {
    if (this.state !== "paused") return;
    this.state = "running";
    this.resumed?.();
  }

  /** Ends `run`, at most 200 ms and a turn later; at once when the socket is closed. */
  stop(): void {
    this.state = "stopped";
    this.paused?.();
    this.resumed?.();
  }

  private async wait(): Promise<Buffer[] | undefined> {
    try {
      this.socket.receiveTimeout = parkMs;
      return await this.socket.receive();
    } catch (error) {
      return quiet(error);
    }
  }

  private async readBatch(): Promise<void> {
    const { socket, handlers, greedy } = this;
    let count = 1;
    try {
      if (greedy) socket.receiveTimeout = 0;
      while (count < batchMax && (greedy || socket.readable)) {
        handlers.take(await socket.receive());
        count++;
        if (count % clockEvery === 0 && this.budget.spent) break;
      }
    } catch (error) {
      quiet(error);
    }
    this.greedy = count >= greedyFrom;
  }

  private async rest(): Promise<void> {
    this.state = "paused";
    this.paused?.();
    await new Promise<void>((resolve) => {
      this.resumed = resolve;
    });
  }
}

/** Passes over "nothing came in time" and "the socket was closed meanwhile". */
function quiet(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== "EAGAIN" && code !== "EBADF") throw error;
  return undefined;
}
