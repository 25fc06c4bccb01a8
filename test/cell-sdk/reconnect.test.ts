import { expect } from "chai";

import { Reconnect } from "../../cell-sdk/src/core/reconnect.js";
import { SeededRandom } from "../simulation/random.js";

const addresses = ["a", "b", "c", "d", "e"];

function dice(seed: number): () => number {
  const random = new SeededRandom(seed);
  return () => random.float();
}

/** The next addresses, each tried in vain. */
function tried(reconnect: Reconnect, count: number): string[] {
  return Array.from({ length: count }, () => {
    const { address } = reconnect;
    reconnect.failed();
    return address;
  });
}

describe("cell: where to go next (§9.8)", () => {
  it("tries what it was given in that order, at first", () => {
    expect(tried(new Reconnect(addresses, dice(1)), 5)).to.deep.equal(addresses);
  });

  it("tries each address once in every round, and the one that failed last at its end", () => {
    const reconnect = new Reconnect(addresses, dice(2));
    for (let round = 0; round < 10; round++) {
      expect(tried(reconnect, 5).sort()).to.deep.equal(addresses);
    }
    const [last] = tried(reconnect, 5).slice(-1);
    expect(tried(reconnect, 5).at(-1)).to.equal(last);
  });

  it("tries the home that may be back once, then the others in an order of its own", () => {
    const seconds = new Map<string, number>();
    for (let seed = 0; seed < 1000; seed++) {
      const reconnect = new Reconnect(addresses, dice(seed));
      reconnect.lost("back");
      const [first, second, ...others] = tried(reconnect, 5);
      expect(first).to.equal("a");
      expect([second, ...others].sort()).to.deep.equal(["b", "c", "d", "e"]);
      seconds.set(second!, (seconds.get(second!) ?? 0) + 1);
    }

    expect([...seconds.keys()].sort()).to.deep.equal(["b", "c", "d", "e"]);
    for (const count of seconds.values()) expect(count).to.be.within(190, 310);
  });

  it("tries the home that is away last", () => {
    const reconnect = new Reconnect(addresses, dice(3));
    reconnect.lost("away");

    const order = tried(reconnect, 5);
    expect(order.at(-1)).to.equal("a");
    expect(order.toSorted()).to.deep.equal(addresses);
  });

  it("tries the successors that a home names before all others", () => {
    for (let seed = 0; seed < 20; seed++) {
      const reconnect = new Reconnect(addresses, dice(seed));
      reconnect.drains(["x", "d", "a"]);
      reconnect.lost("back");

      const order = tried(reconnect, 6);
      expect(order.slice(0, 2).sort()).to.deep.equal(["d", "x"]);
      expect(order.toSorted()).to.deep.equal([...addresses, "x"]);
      expect(order.at(-1)).to.equal("a");
    }
  });

  it("tries first of all the one that takes over from a home which ends", () => {
    for (let seed = 0; seed < 20; seed++) {
      const reconnect = new Reconnect(addresses, dice(seed));
      reconnect.drains(["x", "d"]);
      reconnect.drains(["x", "d"], "d");
      reconnect.lost("back");

      expect(tried(reconnect, 6).slice(0, 2)).to.deep.equal(["d", "x"]);
    }
  });

  it("heeds what a home has named only until there is another", () => {
    const reconnect = new Reconnect(addresses, dice(1));
    reconnect.drains(["x"], "y");
    reconnect.lost("back");
    reconnect.succeeded();
    reconnect.lost("away");

    expect(reconnect.hasNamed).to.equal(false);
    expect(tried(reconnect, 5)).not.to.include("x");
  });

  it("spreads cells over 40 ms, and the first of them goes at once", () => {
    const waits = Array.from({ length: 500 }, (_, seed) => {
      const reconnect = new Reconnect(addresses, dice(seed));
      reconnect.lost("back");
      return reconnect.failed();
    });

    expect(Math.max(...waits)).to.be.within(35, 40);
    expect(Math.min(...waits)).to.be.within(0, 5);
  });

  it("waits longer with each round over all addresses, never more than 400 ms", () => {
    const reconnect = new Reconnect(["a", "b"], () => 0.5);
    const delays = Array.from({ length: 16 }, () => reconnect.failed());

    expect(delays.filter((_, at) => at % 2 === 0)).to.deep.equal(Array(8).fill(20));
    expect(delays.filter((_, at) => at % 2 === 1)).to.deep.equal([
      20, 40, 80, 160, 320, 400, 400, 400,
    ]);
    reconnect.succeeded();
    expect(reconnect.failed()).to.equal(20);
  });

  it("has the more patience with connections the more rounds have failed", () => {
    const reconnect = new Reconnect(["a", "b"], () => 0.5);
    const patience = Array.from({ length: 8 }, () => {
      const { patienceMs } = reconnect;
      reconnect.failed();
      return patienceMs;
    });

    expect(patience).to.deep.equal([300, 300, 600, 600, 1200, 1200, 2000, 2000]);
    expect(new Reconnect(["a"], () => 0.5).patienceMs).to.equal(1000);
  });

  it("waits longer for a welcome after each round, so that who is overloaded gets through", () => {
    const reconnect = new Reconnect(["a", "b"], dice(5));
    const waits = Array.from({ length: 10 }, () => {
      const { welcomeMs } = reconnect;
      reconnect.failed();
      return welcomeMs / 1000;
    });
    expect(waits).to.deep.equal([2, 2, 4, 4, 8, 8, 16, 16, 16, 16]);

    reconnect.succeeded();
    expect(reconnect.welcomeMs).to.equal(2000);
  });

  it("counts as a round each time that others were refused for it", () => {
    const reconnect = new Reconnect(["a"], dice(5));
    reconnect.waited(1);
    expect([reconnect.patienceMs, reconnect.welcomeMs]).to.deep.equal([2000, 4000]);

    reconnect.waited(9);
    expect([reconnect.patienceMs, reconnect.welcomeMs]).to.deep.equal([2000, 16_000]);
  });

  it("forgets what earlier welcomes taught, and never what was given", () => {
    const reconnect = new Reconnect(["a"], () => 0.5);
    reconnect.learn(["b", "c"]);
    reconnect.learn(["c", "d"]);
    reconnect.lost("away");

    expect(tried(reconnect, 3).sort()).to.deep.equal(["a", "c", "d"]);
    reconnect.learn([]);
    expect(reconnect.hasOther).to.equal(reconnect.address !== "a");
    reconnect.lost("away");
    expect(reconnect.address).to.equal("a");
  });

  it("remembers at most 256 learned addresses", () => {
    const reconnect = new Reconnect(["a"], () => 0.5);
    reconnect.learn(Array.from({ length: 1000 }, (_, n) => `x${n}`));
    reconnect.lost("back");

    expect(new Set(tried(reconnect, 2000)).size).to.equal(257);
  });
});
