import { encodeMessagePack, type FieldMap, readRun, writeFrame } from "@thynapse/protocol";

import { CellCore } from "../../../cell-sdk/dist/core/cell-core.js";
import { EventQueue } from "../../../cell-sdk/dist/core/event-queue.js";
import { madeWelcome } from "../../cell-sdk/made-welcome.js";
import { makeRun, perRun } from "./run.js";
import type { MicroBench } from "./runner.js";

const eventsPerRun = 450;
const body = Buffer.alloc(128, 7);

/** The rules of a cell that was welcomed, without sockets. */
class Bench {
  private readonly core = new CellCore(
    {
      id: "c1".repeat(20),
      service: "bench",
      transmitters: ["tcp://127.0.0.1:1"],
      connectTimeoutMs: 5000,
      outboxBytesMax: 64 * 1024 * 1024,
      outboxEventsMax: 262_144,
    },
    { wallMs: () => 1_700_000_000_000, random: () => 0.5 },
  );
  private confirmed = 0;

  constructor() {
    this.core.start(0);
    this.core.connected(0);
    this.hear("WLCM", madeWelcome);
  }

  /** Sends as many events as a run holds, and hears that they were handled. */
  send(): number {
    const { outbox } = this.core;
    for (let index = 0; index < eventsPerRun; index++) outbox.send("bench.load", body);
    outbox.flush();
    const [first, last] = [this.confirmed + 1, this.confirmed + eventsPerRun];
    this.confirmed = last;
    this.hear("CNFM", { accepted: [[first, last, 1, false]], handled: [[first, last]] });
    return this.core.takeEffects().length;
  }

  private hear(command: string, map: FieldMap): void {
    this.core.command(writeFrame("M", command, encodeMessagePack(map)), 0);
    this.core.takeEffects();
  }
}

const run = makeRun(1);

/** Sending, and taking in what a stream brings; the cost is that of one event of 128 bytes. */
export const cellBenches: readonly MicroBench[] = [
  {
    name: "cell: send an event",
    run(times) {
      const bench = new Bench();
      return perRun(times, () => bench.send());
    },
  },
  {
    name: "cell: take an event in",
    run(times) {
      const queue = new EventQueue(() => {});
      return perRun(times, () => {
        queue.push(readRun(run, 7), 0, undefined);
        let bytes = 0;
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
          bytes += (event.data as Buffer).length;
        }
        return bytes;
      });
    },
  },
];
