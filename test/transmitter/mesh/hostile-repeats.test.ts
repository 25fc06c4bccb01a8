import { expect } from "chai";

import { linkTopic } from "../../../transmitter/src/core/mesh/hello.js";
import { writeWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { expectUnharmed, refusals, say, stand } from "./hostile-stand.js";
import { proving } from "./net.js";

/* What is right once, said again and again. */
describe("mesh, told the same again and again", () => {
  it("sends a record once that is wanted many times in one word", () => {
    const at = stand();
    const { victim, net } = at;
    for (let n = 0; n < 20; n++) victim.mesh.set(`key ${n}`, Buffer.alloc(100_000));
    net.run(500);
    const known = { id: victim.hello.id, incarnation: 1, version: 0 };
    say(at, writeWord({ kind: "want", wanted: Array.from({ length: 100 }, () => known) }));
    expect(victim.mesh.peering.links.map(({ overruns }) => overruns)).to.deep.equal([0, 0]);
    expectUnharmed(at);
  });

  it("sends no more records at once than a link can carry, however many are wanted", () => {
    const at = stand();
    const { victim, third, net } = at;
    for (const { mesh } of [victim, third]) {
      for (let n = 0; n < 60; n++) mesh.set(`key ${n}`, Buffer.alloc(100_000));
      net.run(500);
    }
    const wanted = [victim, third].map(({ hello }) => ({
      id: hello.id,
      incarnation: 1,
      version: 0,
    }));
    for (let n = 0; n < 20; n++)
      victim.mesh.talk.hear({ kind: "want", wanted }, net.nowMs, at.hostile.hello.id);
    expect(victim.mesh.unackedBytes(at.hostile.hello.id)).to.be.lessThan(16_000_000);
    net.settle();
    expect(victim.mesh.peering.links.map(({ overruns }) => overruns)).to.deep.equal([0, 0]);
  });

  it("closes the link of one that wishes for a new stream again and again", () => {
    const at = stand();
    const { victim, hostile, net } = at;
    const topic = linkTopic(proving(""), hostile.hello, victim.hello);
    const wish = (): void => {
      const { overruns = 0 } = victim.mesh.peering.links[0] ?? {};
      victim.mesh.received(topic, `a 1 0 ${overruns + 2} 0`, Buffer.alloc(0), net.nowMs);
      net.settle();
    };
    wish();
    expect(refusals(victim)).to.deep.equal([]);
    for (let n = 0; n < 100; n++) wish();
    expect(refusals(victim)).to.deep.equal(["BAD_FRAME"]);
    expect(victim.mesh.peering.counts).to.include({ linksClosed: 1, linksRenewed: 0 });
    expect(victim.mesh.isLinked(hostile.hello.id)).to.equal(false);
    expectUnharmed(at);
  });
});
