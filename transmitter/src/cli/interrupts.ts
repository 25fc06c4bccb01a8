import { type ExitCode, exitCode } from "./fault.js";

/**
 * What comes this soon after the first is the same Ctrl-C again: the terminal gives it to `npm
 * start` too, which hands it on.
 */
const echoMs = 100;

/**
 * Ctrl-C and SIGTERM: the first one asks the verb to end, a second Ctrl-C ends the process at once.
 */
export class Interrupts {
  readonly #ended = new AbortController();
  #exit: ExitCode | undefined;
  #firstMs = 0;

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** What an interrupted process ends with: 130 or 143; nothing if no signal came. */
  get exit(): ExitCode | undefined {
    return this.#exit;
  }

  /** Begins to listen. Without it the system's own handling, which ends at once, is in force. */
  listen(): void {
    process.on("SIGINT", () => this.#take(exitCode.interrupted));
    process.on("SIGTERM", () => this.#take(exitCode.terminated));
  }

  #take(exit: ExitCode): void {
    if (this.#exit === undefined) {
      this.#exit = exit;
      this.#firstMs = performance.now();
      this.#ended.abort();
    } else if (exit === exitCode.interrupted && performance.now() - this.#firstMs > echoMs) {
      process.exit(this.#exit);
    }
  }
}
