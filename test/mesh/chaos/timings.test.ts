import { expect } from "chai";

import type { LogRecord } from "../../simulation/log.js";
import { type Latencies, Timings } from "./timings.js";

/** A transmitter with two cells ends, and both come to another one. */
const log: readonly LogRecord[] = [
  { id: "", action: "attached", cell: "a", home: "t", timeMs: 10 },
  { id: "", action: "attached", cell: "b", home: "t", timeMs: 10 },
  { id: "", action: "crashed", cell: "", home: "t", timeMs: 10_000 },
  { id: "", action: "attached", cell: "a", home: "u", timeMs: 10_200 },
  { id: "", action: "attached", cell: "b", home: "u", timeMs: 13_000 },
];

/** What that took, if these came to it. */
function taken(...more: readonly LogRecord[]): Latencies {
  const timings = new Timings([
    { name: "link-cut", beganMs: 4_000, endedMs: 7_000 },
    { name: "transmitter-killed", beganMs: 9_900, endedMs: 12_000 },
  ]);
  const records = [...log, ...more].toSorted((one, other) => one.timeMs - other.timeMs);
  for (const record of records) timings.take(record);
  return timings.finish();
}

/** Cell `b` is frozen for 5 s. */
function frozenFrom(timeMs: number): LogRecord {
  return { id: "", action: "fault", cell: "b", count: 5000, timeMs };
}

describe("chaos: what things take", () => {
  it("counts from the end of a transmitter to the welcome of each of its cells", () => {
    expect(taken().welcomeAgain).to.deep.equal([200, 3000]);
  });

  it("leaves out a cell that is frozen itself then, or before it is welcome", () => {
    expect(taken(frozenFrom(7_800)).welcomeAgain).to.deep.equal([200]);
    expect(taken(frozenFrom(11_000)).welcomeAgain).to.deep.equal([200]);
    expect(taken(frozenFrom(4_000)).welcomeAgain, "before").to.deep.equal([200, 3000]);
  });

  it("counts from the heal of a link to the last event that came late, but for frozen cells", () => {
    const sent = { id: "s:1", action: "sent", cell: "s", timeMs: 5_000 } as const;
    const caught = { id: "s:1", action: "caught", cell: "b", timeMs: 9_000 } as const;

    expect(taken(sent, caught).healCaught).to.deep.equal([2000]);
    expect(taken(sent, frozenFrom(6_000), caught).healCaught).to.deep.equal([]);
    expect(taken(sent, frozenFrom(1_000), caught).healCaught).to.deep.equal([2000]);
  });
});
