/**
 * What came and was not yet asked for, for one loop. Bounded by who fills it: an ask and its
 * time-out.
 */
export class Mailbox<T> {
  private items: T[] = [];
  private isEnded = false;
  private error: Error | undefined;
  private wake: (() => void) | undefined;

  put(item: T): void {
    this.items.push(item);
    this.wake?.();
  }

  /** Forgets what was not yet asked for. */
  clear(): void {
    this.items = [];
  }

  /** Nothing more comes; with an error the loop throws it behind the last item. */
  end(error?: Error): void {
    this.isEnded = true;
    this.error = error;
    this.wake?.();
  }

  /** @param left called when the loop ends, by itself or before its time. */
  async *iterate(left: () => void): AsyncGenerator<T, void, void> {
    try {
      for (;;) {
        const item = this.items.shift();
        if (item !== undefined) yield item;
        else if (this.error !== undefined) throw this.error;
        else if (this.isEnded) return;
        else {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
        }
      }
    } finally {
      left();
    }
  }
}
