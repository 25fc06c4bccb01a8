import { expect } from "chai";

import { MeshEar } from "../../../transmitter/src/core/sites/mesh-ear.js";
import { writeSiteWord } from "../../../transmitter/src/core/sites/site-words.js";
import { CoreBench } from "../core-bench.js";
import { MeshNet } from "../mesh/mesh-net.js";
import { idOf } from "../mesh/net.js";

/*
 * Goal:   a start of a transmitter is no site before there is a link to it: what a link to the start before takes up
 *         never arrives, and nobody would say it again.
 * Method: a mesh of three, in which one starts again where another one cannot reach it; that one hears of it by the
 *         third. What its ear makes of that, for a transmitter of its own.
 */
describe("mesh ear", () => {
  for (const [what, hear] of [
    ["others have told of it", (ear, net) => ear.member(memberOf(net), "dead", net.nowMs)],
    ["a value of its record has come", (ear, net) => ear.changed(third, draining, net.nowMs)],
    [
      "a word comes on the link to the start before",
      (ear, net) => ear.word(third, sync, net.nowMs),
    ],
  ] as readonly (readonly [string, (ear: MeshEar, net: MeshNet) => void])[]) {
    it(`takes in no start that it has no link to, though ${what} (§19.16)`, () => {
      const net = restartedElsewhere();
      const { sites } = new CoreBench().core;
      const ear = new MeshEar(() => net.living[0]?.mesh, sites);

      hear(ear, net);
      expect(sites.find(third)).to.equal(undefined);
      expect(ear.links.linkedPeers()).to.deep.equal([idOf("n2")]);

      net.mend();
      net.run(1000);
      hear(ear, net);
      expect(sites.find(third)).to.include({ incarnation: 2 });
      expect(ear.links.linkedPeers()).to.have.members([idOf("n2"), third]);
    });
  }
});

const third = idOf("n3");
const draining = { key: "draining", value: true, old: undefined };
const sync = writeSiteWord("SYNC", { ref: 1 });

function memberOf(net: MeshNet) {
  const member = net.living[0]?.mesh.members.get(third);
  if (member === undefined) throw new Error("nobody has told of it");
  return member;
}

/** The first has a link to the start of the third that is gone, and knows that there is another. */
function restartedElsewhere(): MeshNet {
  const net = new MeshNet();
  for (const name of ["n1", "n2", "n3"]) net.knock(net.start(name), "n1");
  net.run(3000);
  net.stop("n3");
  const again = net.start("elsewhere", { twinOf: "n3", incarnation: 2 });
  net.cut("n1", "elsewhere");
  net.knock(again, "n2");
  net.run(1000);
  return net;
}
