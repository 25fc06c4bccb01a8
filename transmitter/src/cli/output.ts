import { CliFault, exitCode } from "./fault.js";

/** Text that may wait for the end of the turn before it is written. */
const pendingCharsMax = 64 * 1024;

/**
 * One of the outputs of the process. Quiet when its reader has left, and never holds more than it
 * was given in one turn: whoever writes much awaits what `write` returns.
 */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  readonly #gone = new AbortController();
  #pending = "";
  #drained: Promise<void> | undefined;
  #fault: CliFault | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") {
        this.#fault = new CliFault(exitCode.file, `cannot write: ${error.message}`);
      }
      this.#pending = "";
      this.#gone.abort();
    });
  }

  /** Whether a person sees it, rather than a pipe or a file. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Columns of the terminal; 80 where there is none. */
  get columns(): number {
    // Some terminals do not know it and say 0.
    return this.#stream.columns || 80;
  }

  /** Rows of the terminal; 24 where there is none. */
  get rows(): number {
    return this.#stream.rows || 24;
  }

  /** Aborts when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Why writing ended, if it was not that the reader left. */
  get fault(): CliFault | undefined {
    return this.#fault;
  }

  /** Writes a line. Returns a promise only if the pipe is full: await it before writing more. */
  line(text: string): Promise<void> | undefined {
    return this.write(`${text}\n`);
  }

  /** Writes an object as one line of JSON. */
  json(value: unknown): Promise<void> | undefined {
    return this.line(JSON.stringify(value));
  }

  /** Writes text at the end of this turn, with all else that the turn writes. */
  write(text: string): Promise<void> | undefined {
    if (this.gone.aborted) return undefined;
    if (this.#pending === "") setImmediate(() => this.#writePending());
    this.#pending += text;
    if (this.#pending.length >= pendingCharsMax) this.#writePending();
    return this.#drained;
  }

  /** Writes bytes as they are. */
  bytes(bytes: Uint8Array): Promise<void> | undefined {
    this.#writePending();
    this.#give(bytes);
    return this.#drained;
  }

  /** Resolves when all is handed to the system, or nobody reads any more. */
  async flush(): Promise<void> {
    this.#writePending();
    while (this.#drained !== undefined) await this.#drained;
    if (this.gone.aborted) return;
    await new Promise<void>((resolve) => {
      this.gone.addEventListener("abort", () => resolve(), { once: true });
      this.#stream.write("", () => resolve());
    });
  }

  #writePending(): void {
    const text = this.#pending;
    if (text === "") return;
    this.#pending = "";
    this.#give(text);
  }

  #give(piece: string | Uint8Array): void {
    if (this.gone.aborted || this.#stream.write(piece) || this.#drained !== undefined) return;
    this.#drained = new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off("drain", done);
        this.gone.removeEventListener("abort", done);
        this.#drained = undefined;
        resolve();
      };
      this.#stream.on("drain", done);
      this.gone.addEventListener("abort", done);
    });
  }
}
