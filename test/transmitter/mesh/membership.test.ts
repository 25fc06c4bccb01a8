import { expect } from "chai";

import { readWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { MeshNet, type MeshNode } from "./mesh-net.js";
import { idOf } from "./net.js";

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at + 1}`);

/** So many that are linked with each other, and nothing told so far. */
function calmMesh(count: number): { net: MeshNet; nodes: MeshNode[] } {
  const net = new MeshNet();
  for (const name of names(count)) net.knock(net.start(name), "n1");
  net.run(3000);
  for (const { told, states } of net.living) {
    told.splice(0);
    states.splice(0);
  }
  return { net, nodes: [...net.living] };
}

const deaths = (nodes: readonly MeshNode[]): string[] =>
  nodes.flatMap(({ states }) => states.filter((state) => state.endsWith("dead")));

describe("mesh membership", () => {
  for (const [what, cut] of [
    ["both ways", (net: MeshNet): void => net.cut("n1", "n2")],
    ["one way", (net: MeshNet): void => net.cutOneWay("n1", "n2")],
  ] as const) {
    it(`holds nobody for dead over a link that is cut ${what}, which others go round`, () => {
      const { net, nodes } = calmMesh(5);
      cut(net);
      nodes[1]?.mesh.set("color", "blue");
      net.run(20_000);
      expect(deaths(nodes)).to.deep.equal([]);
      expect(net.values("n2", "color")).to.deep.equal(names(5).map(() => "blue"));

      net.mend();
      net.run(1000);
      for (const { mesh } of nodes) expect(mesh.liveMembers()).to.have.length(4);
    });
  }

  it("falls into step with others, so that all are woken up at one time (§19.15)", () => {
    const net = new MeshNet();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) {
      net.knock(net.start(name), "a");
      net.pass(50);
    }
    for (let ms = 0; ms < 5000; ms += 10) net.pass(10);
    const said = (): number => net.living.reduce((sum, { forAll }) => sum + forAll.length, 0);

    const before = said();
    let moments = 0;
    for (let ms = 0; ms < 2000; ms += 10) {
      const soFar = said();
      net.pass(10);
      if (said() > soFar) moments++;
    }

    expect(said() - before).to.be.within(8 * names.length, 9 * names.length);
    // The first one, and all others.
    expect(moments).to.be.at.most(18);
  });

  it("names few in its heartbeats, and all of them in turn", () => {
    const { net, nodes } = calmMesh(20);
    for (const { forAll } of nodes) forAll.splice(0);
    net.run(5000);
    const words = nodes.flatMap(({ forAll }) => forAll.map((part) => readWord(part)));
    const beats = words.filter((word) => word.kind === "beat");
    expect(beats.length).to.be.within(20 * 19, 20 * 21);
    for (const { others, missing } of beats) {
      expect(others.length).to.be.within(1, 3);
      expect(missing).to.deep.equal([]);
    }
    expect(new Set(beats.flatMap(({ others }) => others.map(({ id }) => id))).size).to.equal(20);
  });

  it("takes one that says farewell for gone at once, everywhere", () => {
    const { net, nodes } = calmMesh(4);
    nodes[3]?.mesh.leave(net.nowMs);
    net.settle();
    for (const { mesh, states } of nodes.slice(0, 3)) {
      expect(states).to.deep.equal(["n4 alive left"]);
      expect(mesh.isLinked(idOf("n4"))).to.equal(false);
    }
    net.run(2000);
    expect(nodes[0]?.states).to.deep.equal(["n4 alive left"]);
    expect(() => nodes[0]?.mesh.send(idOf("n4"), Buffer.from("x"), 0)).to.throw("NOT_FOUND");

    net.knock(net.start("n4", { incarnation: 2 }), "n1");
    net.run(2000);
    expect(nodes[0]?.states.at(-1)).to.equal("n4 heard-of alive");
  });

  it("forgets one that is dead, though others start all the while (§19.16)", () => {
    const net = new MeshNet();
    net.limits.forgetMs = 10_000;
    const dead = idOf("n3");
    const knowing = (): string[] =>
      net.living.filter(({ mesh }) => mesh.members.get(dead)).map(({ hello }) => hello.pub);
    for (const name of names(3)) net.knock(net.start(name), "n1");
    net.run(2000);
    net.stop("n3");
    net.run(3000);
    expect(knowing()).to.have.length(2);

    for (let n = 1; n <= 5; n++) {
      net.knock(net.start(`late${n}`), `n${1 + (n % 2)}`);
      net.run(6000);
    }

    expect(knowing()).to.deep.equal([]);
  });

  it("tells the sender of what one that dies, leaves or restarts had not taken", () => {
    const { net, nodes } = calmMesh(4);
    const ends: string[] = [];
    const sendAll = (): void => {
      for (const to of ["n2", "n3", "n4"]) {
        nodes[0]?.mesh.send(idOf(to), Buffer.from("M TEST x"), net.nowMs, (isTaken) => {
          ends.push(`${to} ${isTaken}`);
        });
      }
    };
    sendAll();
    net.settle();
    expect(ends.splice(0)).to.deep.equal(["n2 true", "n3 true", "n4 true"]);

    for (const name of ["n2", "n3"]) net.stop(name);
    nodes[3]?.mesh.leave(net.nowMs);
    sendAll();
    net.settle();
    expect(ends.splice(0)).to.deep.equal(["n4 false"]);
    net.knock(net.start("n3", { incarnation: 2 }), "n1");
    expect(ends.splice(0)).to.deep.equal(["n3 false"]);
    net.run(1000);
    expect(ends).to.deep.equal(["n2 false"]);
  });

  it("has no link to a start that others tell of while it has one to the start before", () => {
    const { net, nodes } = calmMesh(3);
    const [first] = nodes as [MeshNode];
    const third = idOf("n3");
    net.stop("n3");
    const again = net.start("elsewhere", { twinOf: "n3", incarnation: 2 });
    net.cut("n1", "elsewhere");
    net.knock(again, "n2");
    net.run(1000);
    expect(first.mesh.members.get(third)).to.include({ incarnation: 2, state: "alive" });
    expect(first.mesh.peering.get(third)).to.include({ incarnation: 1 });
    expect(first.mesh.isLinked(third)).to.equal(false);
    const send = (): void => first.mesh.send(third, Buffer.from("M TEST x"), net.nowMs);
    expect(send).to.throw("no link to transmitter");

    net.mend();
    net.run(1000);
    expect(first.mesh.isLinked(third)).to.equal(true);
    send();
    net.settle();
    expect(again.parts).to.deep.equal(["n1 M TEST x"]);
  });

  it("tells of its own pause, and holds what it knows for old until all have answered", () => {
    const { net, nodes } = calmMesh(4);
    const [, second] = nodes;
    net.pause("n2", 5000);
    expect(second?.mesh.wasAway(net.nowMs)).to.equal(true);
    expect(deaths(nodes)).to.deep.equal(["n2 suspect dead", "n2 suspect dead", "n2 suspect dead"]);
    second?.mesh.tick(net.nowMs);
    expect(second?.told.at(-1)).to.match(/^away 4\d\d\d$/);
    expect(second?.mesh.wasAway(net.nowMs)).to.equal(true);

    second?.mesh.set("color", "blue");
    net.run(100);
    expect(second?.told).to.include.members(["anew n1", "anew n3", "anew n4"]);
    // The others hold it for alive from its second heartbeat on, and then say what it missed.
    while (nodes.some(({ mesh }) => mesh.liveMembers().length < 3)) {
      expect(second?.mesh.wasAway(net.nowMs)).to.equal(true);
      net.run(50);
    }
    expect(second?.mesh.wasAway(net.nowMs)).to.equal(true);
    net.run(1000);
    expect(second?.mesh.wasAway(net.nowMs)).to.equal(false);
    expect(net.values("n2", "color")).to.deep.equal(["blue", "blue", "blue", "blue"]);
  });

  it("says nothing of a pause of less than a second", () => {
    const { net, nodes } = calmMesh(3);
    net.pause("n2", 950);
    expect(nodes[1]?.mesh.wasAway(net.nowMs)).to.equal(false);
    net.run(1000);
    expect(nodes[1]?.told).to.deep.equal([]);
  });

  it("carries words again between two after one of them was held for dead", () => {
    const { net, nodes } = calmMesh(3);
    const [first, second] = nodes;
    second?.mesh.send(idOf("n1"), Buffer.from("M TEST before"), net.nowMs);
    net.pause("n2", 4000);
    net.run(1500);
    first?.mesh.send(idOf("n2"), Buffer.from("M TEST 1"), net.nowMs);
    second?.mesh.send(idOf("n1"), Buffer.from("M TEST 2"), net.nowMs);
    net.settle();
    expect(second?.parts).to.deep.equal(["n1 M TEST 1"]);
    expect(first?.parts.at(-1)).to.equal("n2 M TEST 2");
  });

  it("can answer whatever comes of one that it holds for dead (§19.16)", () => {
    const net = new MeshNet();
    const [first, second] = [net.start("n1"), net.start("n2")];
    net.knock(second, "n1");
    net.run(3000);
    net.cut("n1", "n2");
    net.run(3000);
    expect(deaths([first, second])).to.have.length(2);
    // Their heartbeats come at different times from now on.
    net.pause("n2", 300);
    net.mend();

    const isLinked = (): boolean[] => [
      first.mesh.isLinked(idOf("n2")),
      second.mesh.isLinked(idOf("n1")),
    ];
    while (!isLinked().includes(true)) net.pass(10);
    // One has heard a heartbeat, and what it says now comes to the other one on the link.
    expect(isLinked()).to.deep.equal([true, true]);
  });
});

describe("mesh twins", () => {
  for (const [what, seed] of [
    ["knocks at a peer of the older one", "n2"],
    ["knocks at the older one", "n1"],
  ] as const) {
    it(`end the younger one, which ${what}, and cost the older one nothing`, () => {
      const { net, nodes } = calmMesh(3);
      const twin = net.start("t", { twinOf: "n1", incarnation: 2 });
      net.knock(twin, seed);
      net.run(1000);
      expect(twin.told).to.include("twin");
      net.stop("t");
      net.run(3000);

      for (const { told, states } of nodes) {
        expect(told.filter((line) => line !== "anew n1")).to.deep.equal([]);
        expect(states).to.deep.equal([]);
      }
      nodes[1]?.mesh.send(idOf("n1"), Buffer.from("M TEST on"), net.nowMs);
      net.settle();
      expect(nodes[0]?.parts).to.deep.equal(["n2 M TEST on"]);
    });
  }

  it("do not keep one from starting again at the same address", () => {
    const { net, nodes } = calmMesh(3);
    net.start("n3", { incarnation: 2 });
    net.run(1500);
    expect(nodes[0]?.mesh.members.get(idOf("n3"))).to.include({ incarnation: 2, state: "alive" });
  });

  it("leave the older one known to whoever met the younger one first", () => {
    const net = new MeshNet();
    net.start("old");
    net.run(1000);
    const twin = net.start("t", { twinOf: "old", incarnation: 2 });
    const b = net.start("b");
    net.knock(b, "t");
    net.run(1000);
    expect(b.mesh.members.get(idOf("old"))).to.include({ incarnation: 2, state: "alive" });

    net.knock(b, "old");
    net.run(1000);
    expect(twin.told).to.include("twin");
    net.stop("t");
    net.run(3000);
    expect(b.mesh.members.get(idOf("old"))).to.include({ incarnation: 1, state: "alive" });
    expect(b.mesh.directory.get(idOf("old"), "pub")).to.equal("old");
  });
});
