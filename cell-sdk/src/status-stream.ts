import type { CellStatus } from "./core/status.js";

/**
 * What happens to a cell. An iteration begins with the last status and goes on with those to come;
 * who reads too slowly misses the oldest of 256. It ends behind `closed`.
 */
export interface StatusStream extends AsyncIterable<CellStatus> {
  /** The last status. */
  readonly last: CellStatus | undefined;
  /**
   * Calls `listener` for each status from now on; what it returns ends that. What a listener throws
   * is counted and goes no further.
   */
  on(listener: (status: CellStatus) => void): () => void;
}

const bufferedMax = 256;

/** The source of a status stream. */
export class StatusSource implements StatusStream {
  /** Errors of listeners. */
  listenerErrors = 0;
  private readonly listeners = new Set<(status: CellStatus) => void>();
  private latest: CellStatus | undefined;

  get last(): CellStatus | undefined {
    return this.latest;
  }

  tell(status: CellStatus): void {
    this.latest = status;
    for (const listener of this.listeners) {
      try {
        listener(status);
      } catch {
        this.listenerErrors++;
      }
    }
    if (status.kind === "closed") this.listeners.clear();
  }

  on(listener: (status: CellStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CellStatus, void, void> {
    const buffer: CellStatus[] = this.latest === undefined ? [] : [this.latest];
    let wake: (() => void) | undefined;
    const off = this.on((status) => {
      buffer.push(status);
      if (buffer.length > bufferedMax) buffer.shift();
      wake?.();
    });
    try {
      for (;;) {
        const status = buffer.shift();
        if (status === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        yield status;
        if (status.kind === "closed") return;
      }
    } finally {
      off();
    }
  }
}
