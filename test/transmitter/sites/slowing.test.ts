import { expect } from "chai";

import type { BenchCell } from "../bench-cell.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/** So many messages behind, a reader is not far behind yet (§8.10). */
const behindMax = 256;

/** A sender at one transmitter, and a reader at another one, which says how far it has read. */
class Stand {
  readonly net = new SiteNet(2);
  readonly sender: BenchCell;
  private readonly reader: BenchCell;
  private readonly catchNumber: number;
  private sent = 0;

  constructor() {
    const [a, b] = this.net.benches as [CoreBench, CoreBench];
    this.sender = a.cell("sender");
    this.reader = b.cell("reader");
    this.catchNumber = Number(this.reader.catch("x", "multi")["catch"]);
    this.send();
    this.reads();
  }

  /** Sends so many events. @returns how many of them were confirmed at once. */
  send(count = 1): number {
    for (let number = 0; number < count; number++) this.sender.send("x");
    this.sent += count;
    return this.confirmed();
  }

  /** How many events were confirmed since this was asked last. */
  confirmed(): number {
    return this.sender.confirms().filter((it) => it.includes("accepted")).length;
  }

  /** The reader has read all but the last `left` events. */
  reads(left = 0): void {
    this.reader.say("BEAT", { streams: [[this.catchNumber, this.sent - left]] });
  }

  words(): number {
    return this.net.carried.get("SLOW") ?? 0;
  }
}

describe("transmitter core: the pace of readers elsewhere (§8.10)", () => {
  let stand: Stand;
  beforeEach(() => {
    stand = new Stand();
  });

  it("lets a sender wait while a reader is far behind, and go on as soon as it is not", () => {
    expect(stand.send(behindMax)).to.equal(behindMax);
    stand.net.pass(1);
    stand.send();
    stand.net.pass(1);
    expect(stand.send(), "far behind").to.equal(0);

    stand.net.pass(10);
    expect(stand.confirmed(), "still far behind").to.equal(0);
    stand.reads(behindMax);
    expect(stand.confirmed(), "no more").to.be.greaterThan(0);
    expect(stand.words()).to.equal(2);
  });

  it("lets it wait for 200 ms at most for a reader that says nothing", () => {
    stand.send(behindMax);
    stand.net.pass(1);
    stand.send(2);
    stand.net.pass(1);
    expect(stand.send()).to.equal(0);

    stand.net.pass(190);
    expect(stand.confirmed()).to.equal(0);
    stand.net.pass(20);
    expect(stand.confirmed()).to.be.greaterThan(0);
    expect(stand.words(), "nobody is told to go on who waits no more").to.equal(1);
  });
});
