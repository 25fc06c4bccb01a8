import { encodeBody, type LooseEvent } from "@thynapse/protocol";
import { expect } from "chai";

import { OwnEvents } from "../../transmitter/src/core/events/own-events.js";
import { cpuMs } from "../support/cpu-ms.js";

const event: LooseEvent = { channel: "a", body: encodeBody(1), extras: {} };

describe("events that a transmitter numbers itself (§7.6)", () => {
  it("have a floor that rises behind those that are handled, without a hole (§7.4)", () => {
    const own = new OwnEvents("0".repeat(40), 0);
    const floorOf = (): number => own.write([event], { service: "x" }, 1).header.floor;
    expect([floorOf(), floorOf(), floorOf(), floorOf()]).to.deep.equal([1, 1, 1, 1]);

    own.sender.finish(2, 3);
    expect(floorOf()).to.equal(1);
    own.sender.finish(1, 1);
    expect(floorOf()).to.equal(4);
  });

  it("cost as much however many are handled behind one that is not", () => {
    const msOf = (count: number): number => {
      const own = new OwnEvents("0".repeat(40), 0);
      for (let seq = 2; seq <= 2 * count; seq += 2) own.sender.finish(seq, seq);
      own.next = 2 * count + 1;
      return cpuMs(() => {
        for (let n = 0; n < 100; n++) own.write([event], { service: "x" }, 1);
      });
    };
    msOf(1000);

    // Linear in what is handled, this would be many times as much.
    expect(msOf(100_000)).to.be.lessThan(20 * Math.max(msOf(1), 15));
  });
});
