/** An event of a stream, as far as the bench looks at it. */
export interface StreamEvent {
  readonly data: unknown;
  /** In a repair: the number of the event, how many there are, and whether they are lost. */
  readonly first?: number;
  readonly count?: number;
  readonly gone?: boolean;
}

/**
 * The numbered events of one catch, in order.
 *
 * A hole is repaired by going back to it: what comes after it is skipped, and asked for again once
 * the hole is closed.
 */
export class JsonStream {
  readonly catch: number;
  readonly #take: (event: StreamEvent) => void;
  readonly #miss: (fields: { catch: number; first: number; count: number }) => void;
  /** The number of the next event; unknown until armed. */
  #next: number | undefined;
  /** The highest number known to exist. */
  #highest = 0;
  #asked = false;
  /** The number that was due at the last heartbeat. */
  #nextHeard: number | undefined;
  /** The last number that was asked for. */
  #askedTo = 0;

  constructor(
    number: number,
    to: {
      readonly take: (event: StreamEvent) => void;
      readonly miss: (fields: { catch: number; first: number; count: number }) => void;
    },
  ) {
    this.catch = number;
    this.#take = to.take;
    this.#miss = to.miss;
  }

  /** The last number that was read. */
  get last(): number {
    return (this.#next ?? 1) - 1;
  }

  /** Takes a mark: `next` is the number that the next event will have. */
  mark(next: number): void {
    this.#next ??= next;
    this.#know(next - 1);
  }

  read(number: number, event: StreamEvent): void {
    this.#next ??= number;
    if (number === this.#next && !this.#asked) {
      this.#next++;
      this.#take(event);
    } else this.#know(number);
  }

  /** Takes what a heartbeat says: the last number of each stream that moved. */
  heard(streams: readonly (readonly [catchNumber: number, last: number])[] | undefined): void {
    // A repair that stands still was shorter than asked for.
    if (this.#next === this.#nextHeard) this.#asked = false;
    this.#nextHeard = this.#next;
    for (const [catchNumber, last] of streams ?? []) {
      if (catchNumber === this.catch) this.#know(last);
    }
  }

  repair(event: StreamEvent): void {
    if (event.gone === true) throw new Error(`${event.count} events are gone from ${event.first}`);
    if (event.first !== this.#next) return;
    this.#next = event.first! + 1;
    this.#take(event);
    // A repair brings at most a piece of what was asked for; what lies beyond is asked for again.
    if (this.#next > this.#askedTo) {
      this.#asked = false;
      this.#know(this.#highest);
    }
  }

  #know(number: number): void {
    this.#highest = Math.max(this.#highest, number);
    if (this.#next === undefined || this.#asked || this.#highest < this.#next) return;
    // Few enough to come in one piece: the bodies of this bench are far below a kilobyte.
    const count = Math.min(this.#highest - this.#next + 1, 1_000);
    this.#asked = true;
    this.#askedTo = this.#next + count - 1;
    this.#miss({ catch: this.catch, first: this.#next, count });
  }
}
