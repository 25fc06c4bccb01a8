import { expect } from "chai";

import { Confirms } from "../../transmitter/src/core/events/confirms.js";
import { Entry } from "../../transmitter/src/core/events/entry.js";
import { OwnEvents } from "../../transmitter/src/core/events/own-events.js";
import { keptBytes } from "../support/kept-bytes.js";
import { runOf } from "./run-of.js";

describe("confirms", () => {
  it("of a request are in no hurry, those of all others are", () => {
    const hurries: boolean[] = [];
    const confirms = new Confirms("M", (isUrgent) => hurries.push(isUrgent));

    confirms.quiet(2);
    confirms.accepted(1, 1, 1, false);
    confirms.accepted(2, 2, 1, false);
    confirms.handled(2, 2);
    confirms.handled(1, 1);

    expect(hurries).to.deep.equal([true, false, false, true]);
  });

  it("keep nothing of requests that were handled or refused, one by one or in ranges", () => {
    const confirms = new Confirms("M", () => undefined);
    const before = keptBytes();

    for (let n = 0; n < 50_000; n++) {
      const first = 8 * n + 1;
      for (let seq = first; seq < first + 7; seq++) confirms.quiet(seq);
      confirms.handled(first, first);
      confirms.handled(first + 1, first + 3);
      confirms.refused(first + 4, first + 4, "BUSY", "wait");
      confirms.refused(first + 5, first + 6, "BUSY", "wait");
      confirms.flush();
    }

    expect(keptBytes() - before).to.be.lessThan(500_000);
    confirms.flush();
  });

  it("of a request that was refused before it was known for one are over", () => {
    const hurries: boolean[] = [];
    const sink = new Confirms("M", (isUrgent) => hurries.push(isUrgent));
    const { sender } = new OwnEvents("0".repeat(40), 0);
    const entry = new Entry(runOf("one", "two"), { sender, sink, onHandled: () => undefined });

    entry.refused(1, "GROUP_FULL", "full");
    entry.quiet(1);
    entry.quiet(2);
    sink.accepted(1, 1, 0, false);
    sink.accepted(2, 2, 0, false);

    expect(hurries).to.deep.equal([true, true, false]);
  });
});
