import { type AskTerms, eventThid, type Run, type Thid } from "@thynapse/protocol";

/** Who sent an event. */
export interface EventSource {
  readonly id: Thid;
  readonly service: string;
}

/**
 * An event as a handler gets it. Hot path: one small object for each event, everything but `data`
 * is looked up when it is asked for.
 *
 * It keeps the run that it came in alive (up to 256 KiB, or one larger event) for as long as it is
 * kept itself.
 */
export class CaughtEvent<T = unknown> {
  /**
   * The body, decoded. Bytes are a view on the run: copy what is to be changed.
   */
  readonly data: T;
  /** @internal */
  readonly run: Run;
  /** @internal */
  readonly index: number;

  constructor(run: Run, index: number, data: T) {
    this.data = data;
    this.run = run;
    this.index = index;
  }

  get channel(): string {
    return this.run.channelAt(this.index);
  }

  /** The cell that sent the event; for a fenced output the cell whose handler sent it. */
  get from(): EventSource {
    const { cell, sender, service } = this.run.header;
    return { id: cell ?? sender, service };
  }

  /** Who numbered the event: the sender, or the transmitter that sent an output on. */
  get sender(): Thid {
    return this.run.header.sender;
  }

  /** The sender's number for the event. */
  get seq(): number {
    return this.run.seqAt(this.index);
  }

  /** When it was sent, in ms since 1970 by the sender's wall clock. */
  get time(): number {
    return this.run.header.time;
  }

  /** The identity of the event, computed at each call. @see PROTOCOL.md §2.4 */
  get thid(): Thid {
    const { run, index } = this;
    return eventThid({
      sender: run.header.sender,
      seq: run.seqAt(index),
      channel: run.channelAt(index),
      tag: run.tagAt(index),
      body: run.bodyAt(index),
    });
  }

  /** How often the event was given to a cell of this service, this time included. */
  get attempt(): number {
    return 1;
  }

  /** Whether it may have been handled before. */
  get repeat(): boolean {
    return false;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.run.extrasAt(this.index)?.headers ?? noHeaders;
  }

  get key(): string | undefined {
    return this.run.extrasAt(this.index)?.key;
  }

  /** What the sender asks for, if it waits for an answer. */
  get ask(): AskTerms | undefined {
    return this.run.extrasAt(this.index)?.ask;
  }
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
