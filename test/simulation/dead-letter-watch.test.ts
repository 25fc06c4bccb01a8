import { encodeBody, type Run, RunWriter, readRun } from "@thynapse/protocol";
import { expect } from "chai";

import { Counters } from "../../transmitter/dist/core/counters.js";
import { DeadLetters } from "../../transmitter/dist/core/groups/dead-letters.js";
import type { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import { DeadLetterWatch } from "./dead-letter-watch.js";
import type { LogEntry } from "./log.js";

/*
 * Goal:   the checker hears of every event that a group gives up, however many there are.
 * Method: more letters come than are kept, before anybody looks.
 * Replay: npm test -- --grep "watch of dead letters"
 */
describe("simulation: the watch of dead letters", () => {
  it("logs each letter once, those too that had to go before it looked", () => {
    const deadLetters = new DeadLetters({ countMax: 2, bytesMax: 1_000_000 }, new Counters());
    const log: LogEntry[] = [];
    const core = { deadLetters } as unknown as TransmitterCore;
    const watch = new DeadLetterWatch(core, { log: (entry) => void log.push(entry) });
    const run = events(5);
    const fate = { service: "mail", pattern: "a", reason: "none", attempts: 1, atMs: 0 };

    for (let index = 0; index < 5; index++) deadLetters.add(run, index, fate);
    watch.look();
    watch.look();

    expect(log.map(({ id }) => id)).to.deep.equal([1, 2, 3, 4, 5].map((n) => `${sender}:${n}`));
  });
});

const sender = "a".repeat(40);

function events(count: number): Run {
  const writer = new RunWriter(256);
  const { tag, bytes } = encodeBody(null);
  for (let n = 0; n < count; n++) writer.append("a", tag, bytes, 1);
  const header = { sender, service: "s", session: 1, floor: 1, time: 5, first: 1 };
  return readRun(writer.close(header, Buffer.alloc(0)), 0);
}
