import type { Run } from "@thynapse/protocol";

/** What a stream reader needs of its catch. */
export interface StreamReaderHost {
  /** Events of a run, from the index `from` on, in the order of the stream. */
  deliver(run: Run, from: number): void;
  /** Asks for lost events. */
  miss(first: number, count: number): void;
  /** Events are lost for good; `undefined`: nobody knows how many. */
  gap(count: number | undefined): void;
  /** Bytes that were delivered and are not yet handled. */
  bufferedBytes(): number;
  bufferBytesMax(): number;
}

/** Numbers of a stream that nobody has any more. */
export interface Gone {
  readonly first: number;
  readonly count: number;
  /** Whether each was an event; else they stand for nobody knows how many. */
  readonly isCounted: boolean;
}

interface Piece {
  readonly first: number;
  readonly run: Run;
}

interface Repair {
  /** Whether the answer closed a part of the hole. */
  hasHelped: boolean;
  /** When to ask again. */
  againMs: number;
}

/** Events that one `MISS` asks for; more than its answer can bring. */
const missEventsMax = 1_000_000;
/** How long the answer to a `MISS` may pause before it is asked for again. */
const repairMs = 500;

/**
 * Reads one stream: counts its numbers, keeps what comes early until the hole before it is closed,
 * and asks for what is missing, once at a time.
 *
 * With a full buffer it lets go of what comes, and remembers only how far the stream is; what it
 * let go is a hole like any other, asked for when half of the buffer is free.
 *
 * @see PROTOCOL.md §8
 */
export class StreamReader {
  /** Messages that came while the buffer was full. */
  letGo = 0;
  /**
   * Whether events are kept and not delivered: another stream must be read to its end first.
   */
  isHeld = false;
  private readonly host: StreamReaderHost;
  /** The number that comes next; 0 until the stream was heard. */
  private next = 0;
  /** The highest number that is known to exist. */
  private known = 0;
  private early: Piece[] = [];
  private earlyAt = 0;
  private earlyBytes = 0;
  private repair: Repair | undefined;
  private attached = true;
  /** Whether it goes on behind a hole of which nobody knows the size. */
  private owesGap = false;
  private beatLast = 0;
  private hasMoved = false;

  constructor(host: StreamReaderHost) {
    this.host = host;
  }

  /** The last number that was seen or given up; 0 if there is none. */
  get last(): number {
    return Math.max(0, this.next - 1);
  }

  /** Whether something is missing. */
  get hasHole(): boolean {
    return this.next > 0 && this.next < this.holeEnd;
  }

  /** When `tick` is due; infinite if never. */
  get deadlineMs(): number {
    return this.attached && this.repair !== undefined && this.wantsRepair
      ? this.repair.againMs
      : Number.POSITIVE_INFINITY;
  }

  /** The connection is lost. */
  detach(): void {
    this.attached = false;
    this.repair = undefined;
  }

  /** The catch stands on a new connection: on the same stream, or on another one. */
  attach(sameStream: boolean): void {
    this.attached = true;
    this.beatLast = 0;
    if (sameStream || this.next === 0) return;
    // What was early is all that is left of the old stream.
    for (
      let piece = this.early[this.earlyAt];
      piece !== undefined;
      piece = this.early[this.earlyAt]
    ) {
      const count = piece.first - this.next;
      this.next = piece.first;
      this.host.gap(count);
      this.takeEarly();
    }
    this.next = 0;
    this.known = 0;
    this.owe();
  }

  /**
   * What was sent before this stream is heard first may be lost. It is told then: what comes until
   * it is heard may be lost, too.
   */
  owe(): void {
    if (this.next === 0) this.owesGap = true;
    else this.host.gap(undefined);
  }

  /** A mark: `first` is the number of the next event. */
  mark(first: number, nowMs: number): void {
    this.begin(first);
    this.known = Math.max(this.known, first - 1);
    this.ask(nowMs);
  }

  /** A message of the stream. */
  live(first: number, run: Run, nowMs: number): void {
    this.hasMoved = true;
    this.begin(first);
    const end = first + run.count;
    this.known = Math.max(this.known, end - 1);
    if (end <= this.next) return;
    if (this.host.bufferedBytes() + this.earlyBytes >= this.host.bufferBytesMax()) this.letGo++;
    else if (first <= this.next && !this.isHeld) this.take(first, run);
    else this.keep({ first, run });
    this.ask(nowMs);
  }

  /** Numbers of the stream that carry nothing for this cell. */
  empty(first: number, count: number, nowMs: number): void {
    this.begin(first);
    this.known = Math.max(this.known, first + count - 1);
    if (this.isHeld) return;
    if (first <= this.next) this.next = Math.max(this.next, first + count);
    this.takeEarly();
    this.ask(nowMs);
  }

  /** Lost events again; `isDone`: the last part of the answer. */
  repaired(first: number, run: Run, isDone: boolean, nowMs: number): void {
    const before = this.next;
    if (first <= this.next && first + run.count > this.next) this.take(first, run);
    this.heardRepair(this.next > before, isDone, nowMs);
  }

  /** Lost events that nobody has any more: each is told as a gap. */
  gone({ first, count, isCounted }: Gone, isDone: boolean, nowMs: number): void {
    const before = this.next;
    const end = Math.min(first + count, this.holeEnd);
    if (first <= this.next && end > this.next) {
      const lost = isCounted ? end - this.next : undefined;
      this.next = end;
      this.host.gap(lost);
      this.takeEarly();
    }
    this.heardRepair(this.next > before, isDone, nowMs);
  }

  /**
   * The transmitter names the last number of the stream. Messages may still be on their way: only
   * if nothing has come between two beats is what the first of them named taken as lost.
   */
  beat(last: number, nowMs: number): void {
    if (!this.hasMoved && this.beatLast >= this.next && this.next > 0) {
      this.known = Math.max(this.known, this.beatLast);
      this.ask(nowMs);
    }
    this.beatLast = last;
    this.hasMoved = false;
  }

  /** Delivers what was held. */
  release(nowMs: number): void {
    this.isHeld = false;
    this.takeEarly();
    this.ask(nowMs);
  }

  /** Asks for what is missing, if it is time. */
  ask(nowMs: number): void {
    if (!this.wantsRepair) {
      if (!this.hasHole) this.repair = undefined;
      return;
    }
    if (this.repair !== undefined && nowMs < this.repair.againMs) return;
    this.repair = { hasHelped: false, againMs: nowMs + repairMs };
    this.host.miss(this.next, Math.min(this.holeEnd - this.next, missEventsMax));
  }

  private begin(first: number): void {
    if (this.next !== 0) return;
    this.next = first;
    if (!this.owesGap) return;
    this.owesGap = false;
    this.host.gap(undefined);
  }

  private get holeEnd(): number {
    return this.early[this.earlyAt]?.first ?? this.known + 1;
  }

  private get wantsRepair(): boolean {
    if (!this.attached || this.isHeld || !this.hasHole) return false;
    return this.host.bufferedBytes() * 2 < this.host.bufferBytesMax();
  }

  private heardRepair(hasHelped: boolean, isDone: boolean, nowMs: number): void {
    const { repair } = this;
    if (repair !== undefined) {
      repair.hasHelped ||= hasHelped;
      // One that brought nothing is not asked for again at once.
      repair.againMs = isDone && repair.hasHelped ? nowMs : nowMs + repairMs;
    }
    this.ask(nowMs);
  }

  private take(first: number, run: Run): void {
    const from = this.next - first;
    this.next = first + run.count;
    this.host.deliver(run, from);
    this.takeEarly();
  }

  private takeEarly(): void {
    for (;;) {
      const piece = this.early[this.earlyAt];
      if (piece === undefined || piece.first > this.next) return;
      this.earlyAt++;
      if (this.earlyAt * 2 > this.early.length) {
        this.early = this.early.slice(this.earlyAt);
        this.earlyAt = 0;
      }
      this.earlyBytes -= piece.run.bytes.length;
      const end = piece.first + piece.run.count;
      if (end <= this.next) continue;
      const from = this.next - piece.first;
      this.next = end;
      this.host.deliver(piece.run, from);
    }
  }

  /** Keeps what is early. Messages come in order; one that does not is asked for again. */
  private keep(piece: Piece): void {
    const newest = this.early[this.early.length - 1];
    if (newest !== undefined && newest.first + newest.run.count > piece.first) return;
    this.early.push(piece);
    this.earlyBytes += piece.run.bytes.length;
  }
}
