import type { Output } from "./output.js";

const barColumns = 30;

/** Between two drawings: faster than that nobody can look. */
const drawMs = 50;

/** A line that shows how far something is; nothing where that is no terminal. */
export class Progress {
  readonly #err: Output;
  #drawnMs = 0;

  constructor(err: Output) {
    this.#err = err;
  }

  /** Shows a share of 0 … 1, and what runs. */
  show(share: number, what: string): void {
    const nowMs = performance.now();
    if (!this.#err.isTerminal || nowMs - this.#drawnMs < drawMs) return;
    this.#drawnMs = nowMs;
    const filled = Math.round(Math.min(1, Math.max(0, share)) * barColumns);
    const bar = "█".repeat(filled) + "░".repeat(barColumns - filled);
    void this.#err.write(`\r\x1b[K${bar} ${what}`);
  }

  clear(): void {
    if (this.#err.isTerminal) void this.#err.write("\r\x1b[K");
  }
}
