import { expect } from "chai";

import { linkTopic, writeHello } from "../../../transmitter/src/core/mesh/hello.js";
import { idOf, proving } from "./net.js";
import { PeeringNet } from "./peering-net.js";

/** Two transmitters that are linked. */
function linkedPair(): { net: PeeringNet; a: ReturnType<PeeringNet["start"]>; b: typeof a } {
  const net = new PeeringNet();
  const [a, b] = [net.start("a"), net.start("b")];
  net.knock(b, "a");
  return { net, a, b };
}

describe("peering", () => {
  it("links two both ways after one of them has knocked", () => {
    const { net, a, b } = linkedPair();
    expect(a.told).to.deep.equal(["linked b/1"]);
    expect(b.told).to.deep.equal(["linked a/1"]);
    expect(net.dials).to.equal(2);

    a.peering.send(b.hello.id, Buffer.from("to b"), net.nowMs);
    b.peering.send(a.hello.id, Buffer.from("to a"), net.nowMs);
    net.settle();
    expect([a.parts, b.parts]).to.deep.equal([["b/1 to a"], ["a/1 to b"]]);
  });

  it("links both once when each knocks at the other, again and again", () => {
    const { net, a, b } = linkedPair();
    for (const _ of [1, 2, 3]) {
      net.knock(a, "b");
      net.knock(b, "a");
    }
    expect(a.told.concat(b.told)).to.deep.equal(["linked b/1", "linked a/1"]);
    expect(net.dials).to.equal(2);
  });

  it("carries what was sent in a cut, and says that there was one", () => {
    const { net, a, b } = linkedPair();
    net.cut("a", "b");
    for (const text of ["1", "2"]) a.peering.send(b.hello.id, Buffer.from(text), net.nowMs);
    net.settle();
    expect(a.peering.isUp(b.hello.id)).to.equal(false);
    expect(b.parts).to.deep.equal([]);

    net.mend();
    net.settle();
    expect(b.parts).to.deep.equal(["a/1 1", "a/1 2"]);
    expect(a.told).to.deep.equal(["linked b/1", "cut b/1", "linked b/1"]);
  });

  it("takes a transmitter that has started again for another one, and its old hello for none", () => {
    const { net, a, b } = linkedPair();
    a.peering.send(b.hello.id, Buffer.from("old"), net.nowMs);
    const again = net.start("b", { incarnation: 2 });
    net.settle();
    net.knock(again, "a");
    expect(a.told.slice(1)).to.deep.equal(["cut b/1", "restarted b/2", "linked b/2"]);

    a.peering.send(b.hello.id, Buffer.from("new"), net.nowMs);
    net.settle();
    expect(again.parts).to.deep.equal(["a/1 new"]);

    net.knock(b, "a");
    expect(a.told.slice(4)).to.deep.equal(["rivalled b/2 b/1"]);
    expect(a.peering.get(b.hello.id)?.incarnation).to.equal(2);
  });

  it("leaves in peace who has come to the address of one that is gone", () => {
    const { net, a } = linkedPair();
    net.stop("b");
    const heir = net.start("b", { twinOf: "heir" });
    net.knock(heir, "a");
    expect(a.told.slice(1)).to.deep.equal(["cut b/1", "linked b/1"]);
    const { dials } = net;
    for (let ms = 0; ms < 120_000; ms += 500) net.pass(500);
    a.peering.forget(idOf("b"), net.nowMs);
    net.settle();

    expect([a.told.length, net.dials]).to.deep.equal([3, dials]);
    a.peering.send(heir.hello.id, Buffer.from("to the heir"), net.nowMs);
    heir.peering.send(a.hello.id, Buffer.from("to a"), net.nowMs);
    net.settle();
    expect([heir.parts, a.parts]).to.deep.equal([["a/1 to the heir"], ["b/1 to a"]]);
  });

  it("stays up when the new connection of a peer is seen before the end of its old one", () => {
    const { net, a, b } = linkedPair();
    const [ours = ""] = [...b.topics].filter((topic) => topic.startsWith("@link "));
    expect(a.peering.subscribed(ours, net.nowMs)).to.equal(true);
    a.peering.unsubscribed(ours);
    expect([a.peering.isUp(b.hello.id), a.told]).to.deep.equal([
      true,
      ["linked b/1", "linked b/1"],
    ]);

    a.peering.unsubscribed(ours);
    a.peering.cutOff(net.nowMs);
    expect([a.peering.isUp(b.hello.id), a.told.at(-1)]).to.deep.equal([false, "cut b/1"]);
  });

  it("says nothing of one that subscribes again in the turn in which it ended that", () => {
    const { net, a, b } = linkedPair();
    const [ours = ""] = [...b.topics].filter((topic) => topic.startsWith("@link "));
    a.peering.unsubscribed(ours);
    expect(a.peering.subscribed(ours, net.nowMs)).to.equal(true);
    a.peering.cutOff(net.nowMs);

    expect([a.peering.isUp(b.hello.id), a.told]).to.deep.equal([true, ["linked b/1"]]);
    a.peering.send(b.hello.id, Buffer.from("still"), net.nowMs);
    net.settle();
    expect(b.parts).to.deep.equal(["a/1 still"]);
  });

  it("meets the next one with its id in the turn in which its last way has ended", () => {
    const { net, a, b } = linkedPair();
    const [ours = ""] = [...b.topics].filter((topic) => topic.startsWith("@link "));
    const next = { ...b.hello, incarnation: 2, nonce: "2".repeat(32) };
    a.peering.unsubscribed(ours);
    a.peering.subscribed(writeHello(next, proving("")), net.nowMs);

    expect(a.peering.get(b.hello.id)).to.deep.equal(next);
  });

  it("subscribes again to ten silent links a second at most, and to all in the end", () => {
    const net = new PeeringNet();
    const a = net.start("a");
    for (let at = 0; at < 10; at++) {
      const hello = { ...a.hello, id: idOf(`n${at}`), pub: `n${at}` };
      a.peering.subscribed(writeHello(hello, proving("")), 0);
      a.peering.subscribed(`${linkTopic(proving(""), a.hello, hello)} `, 0);
    }
    const again: string[] = [];
    const subscribe = a.topics.add.bind(a.topics);
    a.topics.add = (topic) => {
      again.push(topic);
      return subscribe(topic);
    };
    for (let ms = 0; ms < 500; ms += 10) a.peering.tick(ms);
    expect(again).to.deep.equal([]);
    for (let ms = 500; ms < 1000; ms += 10) a.peering.tick(ms);
    expect(again).to.have.length(5);
    for (let ms = 1000; ms < 1500; ms += 10) a.peering.tick(ms);
    expect(new Set(again).size).to.equal(10);
  });

  it("subscribes again soon after the way to it has ended, and dials when that stays so (§19.5)", () => {
    const { net, a, b } = linkedPair();
    const [theirs = ""] = [...a.topics].filter((topic) => topic.startsWith("@link "));
    const said: string[] = [];
    a.topics.add = function (topic) {
      said.push(topic);
      return Set.prototype.add.call(this, topic);
    };
    net.cutOneWay("b", "a");
    net.settle();
    expect(a.peering.isUp(b.hello.id)).to.equal(false);

    net.pass(499);
    expect(said).to.deep.equal([]);
    net.pass(1);
    expect([said, net.dials]).to.deep.equal([[theirs], 2]);
    net.pass(4999);
    expect([said, net.dials]).to.deep.equal([[theirs], 2]);
    net.pass(1);
    expect([said, net.dials]).to.deep.equal([[theirs], 3]);
  });

  it("does not mind a transmitter among its own seeds", () => {
    const net = new PeeringNet();
    const a = net.start("a");
    net.knock(a, "a");
    expect([a.told, net.dials]).to.deep.equal([["met itself"], 0]);
  });

  it("tells of another transmitter with its id", () => {
    const net = new PeeringNet();
    const older = net.start("a");
    const younger = net.start("t", { twinOf: "a", incarnation: 2 });
    net.knock(younger, "a");
    expect([older.told, younger.told]).to.deep.equal([[], ["twin a/1"]]);
  });

  it("goes by how long both have run where a clock is wrong", () => {
    const net = new PeeringNet();
    const older = net.start("a", { incarnation: 2 });
    net.pass(60_000);
    const younger = net.start("t", { twinOf: "a" });
    net.knock(younger, "a");
    expect([older.told, younger.told]).to.deep.equal([[], ["twin a/2"]]);
  });

  it("does not end for a hello of its id that somebody else shows, who is not there", () => {
    const net = new PeeringNet();
    const gone = net.start("t", { twinOf: "a" });
    net.stop("t");
    const a = net.start("a", { incarnation: 2 });
    net.knock(gone, "a");
    expect(a.told).to.deep.equal([]);
    const told = [...a.topics].find((topic) => topic.startsWith("@twin "));
    a.peering.subscribed(told ?? "", net.nowMs);
    expect(a.told).to.deep.equal([]);
    net.pass(10_000);
    expect([...a.topics].filter((topic) => topic.startsWith("@twin "))).to.deep.equal([]);
  });

  it("keeps 256 at most whose hello it saw and who never linked", () => {
    const { net, a, b } = linkedPair();
    for (let n = 0; n < 400; n++) {
      const stranger = net.start(`s${n}`);
      net.stop(`s${n}`);
      net.knock(stranger, "a");
      net.pass(100);
    }
    const strangers = a.peering.all.filter(({ pub }) => pub.startsWith("s"));
    expect([strangers.length, strangers.at(-1)?.pub]).to.deep.equal([256, "s399"]);
    expect(a.peering.isUp(b.hello.id)).to.equal(true);
  });

  for (const [what, terms, code] of [
    ["of another mesh", { mesh: "other" }, "MESH_MISMATCH"],
    ["that does not know the secret", { secret: "guess" }, "DENIED"],
  ] as const) {
    it(`connects to nobody ${what}`, () => {
      const net = new PeeringNet();
      const [a, stranger] = [
        net.start("a", { secret: "s" }),
        net.start("b", { secret: "s", ...terms }),
      ];
      net.knock(stranger, "a");
      expect([a.told, net.dials]).to.deep.equal([[`refused ${code}`], 0]);
      expect(a.peering.counts.hellosRefused).to.equal(1);
    });
  }

  for (const topic of ["@hello ", "@hello x ", "@hello ../.. ", `@hello ${"0".repeat(64)}AAAA `]) {
    it(`refuses the hello ${JSON.stringify(topic)}`, () => {
      const a = new PeeringNet().start("a");
      expect(a.peering.subscribed(topic, 0)).to.equal(false);
      expect(a.told).to.have.length(1);
      expect(a.told[0]).to.match(/^refused BAD_/);
    });
  }

  it("admits nobody to a link that is not theirs", () => {
    const { a } = linkedPair();
    expect(a.peering.subscribed(`@link ${"0".repeat(64)} `, 0)).to.equal(false);
    expect(a.peering.subscribed("@link ", 0)).to.equal(false);
    expect(a.peering.subscribed("stream ", 0)).to.equal(undefined);
  });

  it("refuses a frame that cannot be, and goes on", () => {
    const { net, a, b } = linkedPair();
    const [theirs = ""] = [...a.topics].filter((topic) => topic.startsWith("@link "));
    for (const head of ["", "x 1 1 0 0", "d 0 1 0 0", "d 1 1 0 1", "a 1 0 1 99", "d 1 -1 0 0"]) {
      a.peering.received(theirs.trim(), head, Buffer.alloc(0), net.nowMs);
    }
    expect(a.peering.counts).to.include({ framesRefused: 6, linksRenewed: 1 });
    net.settle();

    b.peering.send(a.hello.id, Buffer.from("on"), net.nowMs);
    net.settle();
    expect(a.parts).to.deep.equal(["b/1 on"]);
  });

  it("meets at most ten a second, and all of them in the end", () => {
    const net = new PeeringNet();
    const a = net.start("a");
    for (let at = 0; at < 40; at++) net.knock(net.start(`n${at}`), "a");
    const linked = (): number => a.told.filter((line) => line.startsWith("linked")).length;
    expect(linked()).to.equal(10);

    for (const second of [2, 3, 4]) {
      net.pass(1000);
      expect(linked()).to.equal(10 * second);
    }
  });
});
