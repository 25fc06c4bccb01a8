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

/** Messages of a batch that make a step; its end makes one, too, and so do `lookBytes`. */
const stepMessages = 32;
/** Steps between two looks at the clock: a lone message, for which the loop woke up, needs none. */
const stepsMin = 4;
/**
 * Bytes after which the clock is looked at, however few the messages: a run of 256 KiB for readers
 * in `J` takes 50 ms, a look some 50 ns.
 */
const lookBytes = 16 * 1024;

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
const parkMsUsual = 200;

/**
 * The time that the pumps of one transmitter have taken since they last let the event loop run.
 *
 * A message that is there already is received without a turn of the event loop, so a pump that
 * never stopped would starve timers, and heartbeats with them.
 */
export class TurnBudget {
  private startMs = 0;
  private steps = 0;
  private bytes = 0;

  /** Counts a message. */
  took(parts: readonly Buffer[]): void {
    for (const part of parts) this.bytes += part.length;
  }

  /** Whether so much was taken since the last look at the clock that a step ends here. */
  get isLarge(): boolean {
    return this.bytes >= lookBytes;
  }

  /** Whether it is time to let the event loop run. Call it after each step. */
  get isSpent(): boolean {
    if (++this.steps < stepsMin && !this.isLarge) return false;
    this.steps = 0;
    this.bytes = 0;
    return performance.now() - this.startMs >= budgetMs;
  }

  /** Lets the event loop run. */
  async renew(): Promise<void> {
    await yieldToLoop();
    this.startMs = performance.now();
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
  private parkMs = parkMsUsual;
  private state: State = "running";
  /** How long `receive` waits now; unknown at first. */
  private timeoutMs = Number.NaN;
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
   *
   * @param parkMs how long it waits in one piece, in ms.
   */
  async run(parkMs = parkMsUsual): Promise<void> {
    this.hasBegun = true;
    this.parkMs = parkMs;
    if (this.state === "paused") await this.rest();
    while (this.state !== "stopped" && !this.socket.closed) {
      const first = await this.wait();
      if (first !== undefined) {
        this.take(first);
        const isSpent = await this.readBatch();
        await this.handlers.turn();
        if (isSpent || this.budget.isSpent) await this.budget.renew();
      }
      if (this.state === "pausing") await this.rest();
    }
  }

  /** Resolves when nothing is being received any more, at most `parkMs` and a turn later. */
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

  /** Ends `run`, at most `parkMs` and a turn later; at once when the socket is closed. */
  stop(): void {
    this.state = "stopped";
    this.paused?.();
    this.resumed?.();
  }

  private async wait(): Promise<Buffer[] | undefined> {
    try {
      return await this.receive(this.parkMs);
    } catch (error) {
      return quiet(error);
    }
  }

  private take(parts: Buffer[]): void {
    this.budget.took(parts);
    this.handlers.take(parts);
  }

  /** Tells whether it was ended by the clock. */
  private async readBatch(): Promise<boolean> {
    const { socket, budget, greedy } = this;
    let count = 1;
    let isSpent = budget.isLarge && budget.isSpent;
    try {
      while (!isSpent && count < batchMax && (greedy || socket.readable)) {
        this.take(await this.receive(greedy ? 0 : this.parkMs));
        count++;
        isSpent = (count % stepMessages === 0 || budget.isLarge) && budget.isSpent;
      }
    } catch (error) {
      quiet(error);
    }
    this.greedy = count >= greedyFrom;
    return isSpent;
  }

  private receive(timeoutMs: number): Promise<Buffer[]> {
    const { socket } = this;
    if (this.timeoutMs !== timeoutMs) {
      socket.receiveTimeout = timeoutMs;
      this.timeoutMs = timeoutMs;
    }
    return socket.receive();
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
