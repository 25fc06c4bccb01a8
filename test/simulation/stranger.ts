import type { CommandLine } from "./command-line.js";
import { Process } from "./process.js";
import type { SeededRandom } from "./random.js";
import type { Surroundings } from "./surroundings.js";

/** What a stranger says: nothing of it may do more than get an error back. */
const rudeness: readonly string[] = [
  "",
  "J",
  "J HELO {}",
  "J HELO [1,2]",
  'J HELO {"id":"0","service":"x"}',
  'J EVNT {"channel":"a.b","data":1}',
  "M EVNT \u0081\u00a1",
  "X HELO {}",
  "J WLCM {}",
  "J ZZZZ {}",
  'J SETL {"catch":1}',
  'J CTCH {"pattern":"a.>","mode":"multi"}',
];

const partsMax = 60;

/** A process that connects and talks nonsense until the transmitter no longer listens. */
export class Stranger {
  private readonly process: Process;
  private readonly line: CommandLine;
  private readonly random: SeededRandom;
  private said = 0;

  constructor(around: Surroundings, address: string, random: SeededRandom) {
    this.random = random;
    this.process = new Process(around.agenda, random, () => {});
    this.line = around.network.dialCommand(address, {
      process: this.process,
      connected: () => this.talk(),
      disconnected: () => this.process.kill(),
      received: () => {},
    });
  }

  private talk(): void {
    this.line.send(Buffer.from(this.random.pick(rudeness), "latin1"));
    if (++this.said === partsMax) this.line.close();
    else this.process.later(this.random.between(1, 50), () => this.talk());
  }
}
