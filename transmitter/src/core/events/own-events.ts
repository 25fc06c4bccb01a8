import {
  encodeExtras,
  type LooseEvent,
  type Run,
  readRun,
  RunWriter,
  type Thid,
} from "@thynapse/protocol";
import { Sender } from "./senders.js";

const head = Buffer.from("M EVNT ");

/** For whom a transmitter numbers events. */
export interface Behind {
  readonly service: string;
  /** The cell, where there is one: system events have none. */
  readonly cell?: Thid;
}

/**
 * The events that a transmitter numbers itself: outputs of handlers, events in `J` without a
 * number, system events.
 *
 * They stand under a THID drawn at its start, so that no number is ever used twice.
 *
 * @see PROTOCOL.md §7.6
 */
export class OwnEvents {
  readonly sender: Sender;
  /** The number that the next event gets. */
  next = 1;

  constructor(id: Thid, nowMs: number) {
    this.sender = new Sender(id, nowMs);
  }

  /** Numbers events and makes a run of them. */
  write(events: readonly LooseEvent[], behind: Behind, wallMs: number): Run {
    const bytes = events.reduce((sum, event) => sum + event.body.bytes.length + 64, 0);
    const writer = new RunWriter(bytes);
    for (const { channel, body, extras } of events) {
      writer.append(channel, body.tag, body.bytes, 1, encodeExtras(extras));
    }
    this.raiseFloor();
    const opening = {
      sender: this.sender.id,
      session: 1,
      floor: this.sender.floor,
      first: this.next,
      time: wallMs,
      ...behind,
    };
    this.next += events.length;
    return readRun(writer.close(opening, head), head.length);
  }

  private raiseFloor(): void {
    const done = this.sender.done.lowestRange;
    if (done !== undefined && done[0] <= this.sender.floor) this.sender.raise(done[1] + 1);
  }
}
