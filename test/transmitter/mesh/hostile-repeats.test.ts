import { expect } from "chai";

import { linkTopic } from "../../../transmitter/src/core/mesh/hello.js";
import { expectUnharmed, refusals, stand } from "./hostile-stand.js";
import { proving } from "./net.js";

/* What is right once, said again and again. */
describe("mesh, told the same again and again", () => {
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
