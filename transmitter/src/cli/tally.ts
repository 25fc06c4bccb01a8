import { type ExitCode, exitCode } from "./fault.js";
import { duration, integer } from "./flags.js";

/** Flags of verbs that go on until told otherwise. */
export const tallyFlags = {
  count: integer({
    describe: "end after this many; 3 if --for ends first",
    alias: "n",
    placeholder: "COUNT",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  for: duration({
    describe: "end after this time",
    alias: "timeout",
    min: 1,
    // A timer of Node.js can wait for 24.8 days.
    max: 24 * 86_400_000,
  }),
};

/** How long a verb goes on. */
export interface TallyOptions {
  readonly count: number | undefined;
  readonly forMs: number | undefined;
  readonly ending: AbortSignal;
}

/** Counts what a verb has done, up to a number or a time. */
export class Tally {
  readonly #options: TallyOptions;
  readonly #finish: () => void;
  /** Resolves when the number is reached, the time is over, or the verb is to end. */
  readonly finished: Promise<void>;
  #begun = 0;
  #done = 0;

  constructor(options: TallyOptions) {
    this.#options = options;
    const over = new AbortController();
    this.#finish = () => over.abort();
    this.finished = new Promise((resolve) => {
      over.signal.addEventListener("abort", () => resolve());
    });
    options.ending.addEventListener("abort", this.#finish);
    if (options.ending.aborted) this.#finish();
    if (options.forMs !== undefined) {
      const timer = setTimeout(this.#finish, options.forMs);
      over.signal.addEventListener("abort", () => clearTimeout(timer));
    }
  }

  get done(): number {
    return this.#done;
  }

  /** Takes one more into work; false when the number is reached by those that were taken. */
  begin(): boolean {
    if (this.#begun >= (this.#options.count ?? Infinity)) return false;
    this.#begun++;
    return true;
  }

  /** Says that one that was begun is done. */
  complete(): void {
    this.#done++;
    if (this.#done === this.#options.count) this.#finish();
  }

  /** Says that one that was begun is to be done again. */
  undo(): void {
    this.#begun--;
  }

  /** What the process ends with: 3 if fewer came than asked for, although somebody still reads. */
  get exit(): ExitCode {
    const { count = 0, ending } = this.#options;
    return this.#done >= count || ending.aborted ? exitCode.ok : exitCode.timedOut;
  }
}
