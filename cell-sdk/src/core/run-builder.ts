import { RunWriter, runBytesMax, type Thid } from "@thynapse/protocol";
import { RunRecord } from "./run-record.js";
import { runPrefix } from "./run-resend.js";

/** What the header of a run says besides its events. */
export interface RunBuilderHost {
  readonly id: Thid;
  readonly service: string;
  wallMs(): number;
  /** The present attachment, or the last one. */
  session(): number;
  floor(): number;
  /** A run begins. */
  opened(record: RunRecord): void;
  /** A run is closed and has its part. */
  closed(record: RunRecord): void;
}

/** What a run takes at least besides its events; a first guess for the first run. */
const bytesHintMin = 256;

/**
 * Numbers events and writes them into the open run. Hot path: guarded by `bench/micro/cell`.
 *
 * The buffer of a run is made as large as the run before it was, so that a busy cell does not copy
 * while it grows and an idle one does not spend 256 KiB on one event.
 */
export class RunBuilder {
  /** The number that the next event gets. */
  nextSeq = 1;
  private readonly host: RunBuilderHost;
  private writer: RunWriter | undefined;
  private record: RunRecord | undefined;
  private bytesHint = bytesHintMin;

  constructor(host: RunBuilderHost) {
    this.host = host;
  }

  /** The run that is being written. */
  get open(): RunRecord | undefined {
    return this.record;
  }

  append(
    channel: string,
    tag: number,
    body: Uint8Array,
    extras: Uint8Array | undefined,
  ): RunRecord {
    const size = extras === undefined ? body.length : body.length + extras.length;
    if (this.writer === undefined || !this.writer.fits(size, channel)) this.begin(size);
    const record = this.record as RunRecord;
    (this.writer as RunWriter).append(channel, tag, body, 1, extras);
    record.count++;
    this.nextSeq++;
    return record;
  }

  /** Closes the open run, if there is one. */
  close(): void {
    const { record, writer, host } = this;
    if (record === undefined || writer === undefined) return;
    const { id, service } = host;
    record.closedOn = host.session();
    const opening = {
      sender: id,
      service,
      session: record.closedOn,
      floor: host.floor(),
      first: record.first,
      time: host.wallMs(),
    };
    this.record = undefined;
    this.writer = undefined;
    this.bytesHint = Math.min(writer.bytes + 64, runBytesMax);
    record.part = writer.close(opening, runPrefix);
    record.bytes = record.part.length;
    host.closed(record);
  }

  private begin(bytes: number): void {
    this.close();
    this.writer = new RunWriter(Math.max(this.bytesHint, bytes + 64));
    this.record = new RunRecord(this.nextSeq);
    this.host.opened(this.record);
  }
}
