const WIDTH = 30;

/** A line on standard error that shows how far the bench is; nothing where that is no terminal. */
export class Progress {
  readonly #total: number;
  readonly #startedMs = performance.now();
  #doneCount = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Shows what runs now. */
  show(what: string): void {
    if (!process.stderr.isTTY) return;
    const filled = Math.round((this.#doneCount / this.#total) * WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    process.stderr.write(
      `\r\x1b[K${bar} ${this.#doneCount}/${this.#total}${this.#left()}  ${what}`,
    );
  }

  /** Counts one run as done. */
  advance(): void {
    this.#doneCount++;
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
