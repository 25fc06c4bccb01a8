const WIDTH = 30;

/** Shows on standard error how far the bench is: one line that changes, or one a run where that is no terminal. */
export class Progress {
  readonly #total: number;
  readonly #startedMs = performance.now();
  #doneCount = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Shows what runs now. */
  show(what: string): void {
    const part = `${this.#doneCount}/${this.#total}${this.#left()}`;
    if (!process.stderr.isTTY) {
      process.stderr.write(`${part}  ${what}\n`);
      return;
    }
    const filled = Math.round((this.#doneCount / this.#total) * WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    process.stderr.write(`\r\x1b[K${bar} ${part}  ${what}`);
  }

  /** Counts runs as done: one, unless others will not be tried. */
  advance(runs = 1): void {
    this.#doneCount += runs;
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }

  #left(): string {
    if (this.#doneCount === 0) return "";
    const perRunMs = (performance.now() - this.#startedMs) / this.#doneCount;
    const leftS = Math.round(((this.#total - this.#doneCount) * perRunMs) / 1_000);
    return `, ${leftS} s left`;
  }
}
