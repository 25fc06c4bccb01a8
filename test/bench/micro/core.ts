import { encodeMessagePack, type FieldMap, writeFrame } from "@thynapse/protocol";

import { TransmitterCore } from "../../../transmitter/dist/core/transmitter-core.js";
import { makeRun, perRun } from "./run.js";
import type { MicroBench } from "./runner.js";

const eventsPerRun = 450;
const members = 4;

/** A transmitter without sockets, a sender and a few cells, all in `M`. */
class Bench {
  private readonly core = newCore();
  private next = 1;
  private nextSettled = 1;

  constructor() {
    this.say("s", "HELO", { v: 1, id: "a".repeat(40), service: "bench" });
    for (let cell = 0; cell < members; cell++) {
      this.say(`c${cell}`, "HELO", { v: 1, id: `${cell}`.repeat(40), service: "work" });
    }
    this.core.takeEffects(0);
  }

  catch(mode: "any" | "multi", pattern: string): void {
    for (let cell = 0; cell < members; cell++) {
      this.say(`c${cell}`, "CTCH", { pattern, mode, ...(mode === "any" && { credit: 8192 }) });
    }
    this.core.takeEffects(0);
  }

  /** Sends a run and ends the turn; returns how many effects that had. */
  send(channels: number): number {
    const part = makeRun(channels, this.next);
    this.next += eventsPerRun;
    this.core.receive("s", [part], 0);
    return this.core.takeEffects(0).length;
  }

  /** Acks everything that was delivered: each cell what it was given, as one range. */
  settle(): void {
    for (let cell = 0; cell < members; cell++) {
      const name = { catch: 1, origin: `${"f".repeat(40)}.1` };
      const settled = [[0, this.nextSettled, eventsPerRun, 1]];
      this.say(`c${cell}`, "SETL", { ...name, settled });
    }
    this.nextSettled += eventsPerRun;
    this.core.takeEffects(0);
  }

  private say(connection: string, command: string, map: FieldMap): void {
    this.core.receive(connection, [writeFrame("M", command, encodeMessagePack(map))], 0);
  }
}

function newCore(): TransmitterCore {
  const options = {
    id: "f".repeat(40),
    mesh: "bench",
    incarnation: 1,
    version: "0",
    pid: 1,
    advertise: () => "",
    transmitters: () => [],
    command: () => "",
    pub: () => "",
    wallMs: () => 0,
    rssBytes: () => 0,
    prometheus: () => "",
  };
  let drawn = 1;
  const hex = (bits: number): string => `${drawn++}`.padStart(bits / 4, "0");
  return new TransmitterCore(options, { float: () => 0.5, hex }, 0);
}

/** What a transmitter does for one event of 128 bytes, sockets left out; writing the run is part of it. */
export const coreBenches: readonly MicroBench[] = [
  {
    name: "route: forward to a stream",
    run(times) {
      const bench = new Bench();
      bench.catch("multi", "bench.**");
      return perRun(times, () => bench.send(1));
    },
  },
  {
    name: "route: one of many channels",
    run(times) {
      const bench = new Bench();
      bench.catch("multi", "bench.**");
      return perRun(times, () => bench.send(eventsPerRun));
    },
  },
  {
    name: "group: deliver and settle",
    run(times) {
      const bench = new Bench();
      bench.catch("any", "bench.**");
      return perRun(times, () => {
        const effects = bench.send(1);
        bench.settle();
        return effects;
      });
    },
  },
];
