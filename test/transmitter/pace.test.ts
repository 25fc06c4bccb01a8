import { expect } from "chai";

import {
  mustWait,
  newReader,
  type Place,
  type Reader,
} from "../../transmitter/src/core/streams/pace.js";

const mib = 1024 * 1024;
const start: Place = { outBytes: 0, outMessages: 0 };

/** A stream of which `end` MiB are out, and how far its readers are. */
class Stand {
  nowMs = 1000;
  end = start;
  readonly readers: Reader[] = [];

  reader(): Reader {
    const reader = newReader(1, 0, start);
    this.readers.push(reader);
    return reader;
  }

  publish(toMib: number): void {
    this.end = { outBytes: toMib * mib, outMessages: toMib };
  }

  reads(reader: Reader, toMib: number): void {
    reader.toldMs = this.nowMs;
    reader.place = { outBytes: toMib * mib, outMessages: toMib };
  }

  waits(): boolean {
    return mustWait(this.readers, this.end, this.nowMs);
  }
}

describe("pace of a stream (§8.10)", () => {
  let stand: Stand;
  beforeEach(() => {
    stand = new Stand();
  });

  it("waits for nobody who says nothing", () => {
    stand.reader();
    stand.publish(100);

    expect(stand.waits()).to.equal(false);
  });

  it("waits for a lone reader while it is more than 8 MiB behind, however long that lasts", () => {
    const reader = stand.reader();
    stand.reads(reader, 1);
    stand.publish(9);
    expect(stand.waits()).to.equal(false);

    stand.publish(10);
    expect(stand.waits()).to.equal(true);
    stand.nowMs += 5000;
    expect(stand.waits()).to.equal(true);
  });

  it("waits for a lone reader that is more than 512 messages behind", () => {
    const reader = stand.reader();
    stand.reads(reader, 0);
    stand.end = { outBytes: mib, outMessages: 513 };

    expect(stand.waits()).to.equal(true);
  });

  it("waits for one of several that falls behind and reads on", () => {
    const [fast, slow] = [stand.reader(), stand.reader()];
    stand.publish(20);
    stand.reads(fast, 20);
    stand.reads(slow, 10);

    expect(stand.waits()).to.equal(true);
  });

  it("waits no longer for one that said nothing for more than 200 ms", () => {
    const [fast, frozen] = [stand.reader(), stand.reader()];
    stand.publish(20);
    stand.reads(frozen, 10);
    stand.nowMs += 200;
    stand.reads(fast, 20);
    expect(stand.waits()).to.equal(true);

    stand.nowMs += 1;
    expect(stand.waits()).to.equal(false);
  });

  it("waits for one that does not catch up for 500 ms at most, and again once it has", () => {
    const [fast, slow] = [stand.reader(), stand.reader()];
    const step = (end: number, at: number): boolean => {
      stand.nowMs += 100;
      stand.publish(end);
      stand.reads(fast, end);
      stand.reads(slow, at);
      return stand.waits();
    };
    const waits = [1, 2, 3, 4, 5, 6, 7].map((at) => step(20 + at, at));
    expect(waits).to.deep.equal([true, true, true, true, true, true, false]);

    expect(step(30, 23), "behind by 7 MiB").to.equal(false);
    expect(step(40, 24), "not caught up before").to.equal(false);
    expect(step(40, 34), "caught up").to.equal(false);
    expect(step(60, 35), "behind anew").to.equal(true);
  });
});
