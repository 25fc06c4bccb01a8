import { expect } from "chai";
import { Publisher, Subscriber } from "zeromq";

import { eventually } from "../../support/eventually.js";
import { closeAll, closeLater } from "../hand-cell.js";
import { LinkProxy, type Mischief, noMischief } from "./link-proxy.js";

const count = 500;

describe("faults: a proxy between transmitters", () => {
  afterEach(closeAll);

  it("passes every message on as it is, small and large", async () => {
    const { heard, counts } = await passThrough(noMischief);

    expect(heard).to.deep.equal(numbers());
    expect(counts).to.deep.equal({ passed: count, duplicated: 0, swapped: 0, delayed: 0 });
  });

  it("duplicates and swaps as many messages as it says, and loses none", async () => {
    const mischief = { duplicated: 0.1, swapped: 0.1, delayed: 0.02, delayMs: 5 };
    const { heard, counts } = await passThrough(mischief);

    expect(counts.duplicated).to.be.above(count / 20);
    expect(counts.swapped).to.be.above(count / 20);
    expect(counts.delayed).to.be.above(0);
    expect(heard).to.have.length(count + counts.duplicated);
    expect([...new Set(heard)].toSorted((a, b) => a - b)).to.deep.equal(numbers());
    const falls = heard.filter((number, at) => at > 0 && number < heard[at - 1]!);
    expect(falls.length).to.be.within(counts.swapped / 2, counts.swapped);
  });
});

/** Publishes numbers through a proxy, and hears them at its other side. */
async function passThrough(mischief: Mischief) {
  const publisher = closeLater(new Publisher({ linger: 0, sendHighWaterMark: 0 }));
  await publisher.bind("tcp://127.0.0.1:*");
  const port = Number(publisher.lastEndpoint?.split(":")[2]);
  const target = { host: "127.0.0.1", port };
  const proxy = closeLater(await LinkProxy.listen({ host: "127.0.0.1", target }, 7));
  const subscriber = closeLater(new Subscriber({ linger: 0, receiveTimeout: 5000 }));
  subscriber.subscribe("");
  subscriber.connect(`tcp://127.0.0.1:${proxy.port}`);
  const heard: number[] = [];
  void (async () => {
    for await (const [number] of subscriber) heard.push(Number(number));
  })().catch(() => {});
  // Before the subscription has come nothing is published.
  await eventually(async () => {
    await publisher.send(["-1"]);
    expect(heard).to.include(-1);
  });
  await publisher.send(["-2"]);
  await eventually(() => expect(heard).to.include(-2));
  const passedBefore = proxy.counts.passed;

  proxy.mischief = mischief;
  for (let number = 0; number < count; number++) {
    await publisher.send([String(number), "x".repeat(number)]);
  }
  const { counts } = proxy;
  await eventually(() => {
    expect(counts.passed).to.equal(passedBefore + count);
    expect(heard).to.have.length(counts.passed + counts.duplicated);
  });
  return { heard: heard.slice(passedBefore), counts: { ...counts, passed: count } };
}

function numbers(): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
