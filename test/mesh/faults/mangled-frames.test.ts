import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import type { Actor } from "./actor.js";
import { handledEvents, lostOf, twiceOf } from "./handlings.js";
import { noMischief } from "./link-proxy.js";
import { endNetworkMeshes, NetworkMesh } from "./network-mesh.js";

const mischief = { duplicated: 0.1, swapped: 0.1, delayed: 0.02, delayMs: 50 };

describe("faults: what transmitters say to one another is duplicated, swapped and delayed", () => {
  afterEach(endNetworkMeshes);

  it("nothing is lost, nothing comes twice, and listeners get it in order", async function () {
    this.timeout(90_000);
    const net = await NetworkMesh.start(3);
    const { mesh } = net;
    const senders: Actor[] = [];
    for (const home of mesh.transmitters) {
      await mesh.seatGroup("billing", 1, { pattern: "orders.*", ...net.beside(home) });
      const listener = await mesh.seatOne("audit", net.beside(home));
      await listener.tell("multicatch", { pattern: "orders.*" });
      senders.push(await mesh.seatOne("shop", net.beside(home)));
    }
    const before = await Promise.all(net.proxies.map((proxy) => proxy.set(mischief)));
    const load = { channel: "orders.created", count: 400, perSecond: 100 };

    const reports = await Promise.all(senders.map((sender) => sender.tell("send", load)));

    const after = await Promise.all(net.proxies.map((proxy) => proxy.set(noMischief)));
    for (const name of ["duplicated", "swapped", "delayed"] as const) {
      const done = after.map((counts, at) => counts[name] - before[at]![name]);
      console.log(`      ${name}: ${done.join(", ")} messages`);
      expect(Math.min(...done)).to.be.above(0);
    }
    expect(reports.flatMap(({ refused }) => refused)).to.deep.equal([]);
    await eventually(async () => expect(await net.seenBy(mesh.transmitter)).to.have.length(3));
    expect(await mesh.violations()).to.deep.equal([]);
    const events = handledEvents(mesh.records());
    expect([events.size, lostOf(events), twiceOf(events)]).to.deep.equal([1200, [], []]);
  });
});
