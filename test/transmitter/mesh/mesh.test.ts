import { expect } from "chai";

import { writeDelta } from "../../../transmitter/src/core/mesh/delta-words.js";
import { MeshNet } from "./mesh-net.js";
import { idOf } from "./net.js";

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at + 1}`);

/** A mesh in which everybody has knocked at the first one. */
function meshOf(count: number): MeshNet {
  const net = new MeshNet();
  for (const name of names(count)) net.knock(net.start(name), "n1");
  return net;
}

/** What each of so many sees when it sees all others. */
function complete(all: readonly string[]): Record<string, string> {
  const views = all.map((name): [string, string] => [
    name,
    all
      .filter((other) => other !== name)
      .toSorted()
      .join(" "),
  ]);
  return Object.fromEntries(views);
}

describe("mesh", () => {
  for (const count of [2, 3, 10]) {
    it(`of ${count} is complete two seconds after each has knocked at the first`, () => {
      const net = meshOf(count);
      net.run(2000);
      expect(net.views()).to.deep.equal(complete(names(count)));
      expect(net.dials).to.equal(count * (count - 1));
    });
  }

  it("knows a key everywhere at once, and where it was missed after a heartbeat", () => {
    const net = meshOf(4);
    net.run(2000);
    const [first] = net.living;
    first?.mesh.set("color", "blue");
    net.settle();
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue", "blue", "blue"]);

    net.cut("n1", "n3");
    first?.mesh.set("color", "red");
    first?.mesh.set("shape", undefined);
    net.settle();
    expect(net.values("n1", "color")).to.deep.equal(["red", "red", "blue", "red"]);
    net.run(1000);
    expect(net.values("n1", "color"), "told by others").to.deep.equal(["red", "red", "red", "red"]);
  });

  it("waits for whoever is linked, also before that has said that it lives", () => {
    const net = meshOf(2);
    const [first] = net.living;
    let isKnown = false;

    first?.mesh.set("color", "blue");
    first?.mesh.whenKnown(() => {
      isKnown = true;
    }, net.nowMs);
    expect(first?.mesh.members.get(idOf("n2"))?.state).to.equal("heard-of");
    expect(isKnown, "at once").to.equal(false);
    net.settle();

    expect(isKnown, "when it has been told").to.equal(true);
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue"]);
  });

  it("tells of the commands' addresses, which cells fail over to", () => {
    const net = meshOf(3);
    net.run(1000);
    expect(net.values("n2", "command")).to.deep.equal(all("n2 commands"));
  });

  it("holds one that is gone for dead within a second, and takes it back when it comes again", () => {
    const net = meshOf(5);
    net.run(2000);
    net.stop("n2");
    net.run(1000);
    expect(net.views()).to.deep.equal(complete(["n1", "n3", "n4", "n5"]));

    net.start("n2", { incarnation: 2 });
    net.run(2000);
    expect(net.views()).to.deep.equal(complete(names(5)));
    for (const { mesh } of net.living.filter(({ hello }) => hello.pub !== "n2")) {
      expect(mesh.members.get(idOf("n2"))?.incarnation).to.equal(2);
    }
  });

  it("forgets what a start before had set", () => {
    const net = meshOf(3);
    net.run(1000);
    net.living[1]?.mesh.set("old", true);
    net.settle();
    expect(net.values("n2", "old")).to.deep.equal([true, true, true]);
    net.start("n2", { incarnation: 2 }).mesh.set("new", true);
    net.run(1500);
    expect(net.values("n2", "old")).to.deep.equal([undefined, undefined, undefined]);
    expect(net.values("n2", "new")).to.deep.equal([true, true, true]);
  });

  it("survives the loss of its only seed", () => {
    const net = meshOf(4);
    net.run(2000);
    net.stop("n1");
    net.run(2000);
    expect(net.views()).to.deep.equal(complete(["n2", "n3", "n4"]));
  });

  for (let seed = 1; seed <= 30; seed++) {
    it(`is one again after a minute of kills, starts and cuts, seed ${seed}`, () => {
      const all = names(6);
      const net = meshOf(6);
      net.run(1000);
      const done = net.storm(60_000, all, seed);
      for (const [what, count] of Object.entries(done)) expect(count, what).to.be.greaterThan(0);
      net.mend();
      net.run(4000);

      const living = net.living.map(({ hello }) => hello.pub);
      expect(net.views()).to.deep.equal(complete(living.toSorted()));
      for (const { hello, mesh } of net.living) {
        const own = mesh.directory.entriesOf(hello.id).toSorted();
        for (const other of net.living) {
          expect(other.mesh.directory.entriesOf(hello.id).toSorted()).to.deep.equal(own);
        }
        const links = net.living.filter((other) => other.mesh !== mesh);
        for (const other of links) expect(mesh.peering.isUp(other.hello.id)).to.equal(true);
      }
    });
  }

  it("of 25 is complete, and a key is everywhere, within two seconds of the last knock", () => {
    const net = meshOf(25);
    net.run(4000);
    net.living[24]?.mesh.set("color", "blue");
    net.run(2000);
    expect(net.views()).to.deep.equal(complete(names(25)));
    expect(new Set(net.values("n25", "color"))).to.deep.equal(new Set(["blue"]));
  });

  it("refuses words that mean nothing, by a named error, and goes on", () => {
    const net = meshOf(2);
    net.run(1000);
    const [a, b] = net.living;
    const id = idOf("n2");
    const entries = [["x", 99, Buffer.from([1])] as const];
    a?.told.splice(0);
    const bad = [
      Buffer.alloc(0),
      Buffer.from("not a word"),
      Buffer.from([0x81, 0xa4, ...Buffer.from("beat"), 0x90]),
      ...writeDelta({ id, incarnation: 1, from: 0, version: 5, entries }),
      ...writeDelta({ id, incarnation: 1, from: 9, version: 5, entries: [] }),
    ];
    for (const part of bad) b?.mesh.peering.tellAll(part);
    net.settle();
    expect(a?.told).to.have.length(bad.length);
    for (const code of a?.told ?? []) expect(code).to.match(/^BAD_/);

    b?.mesh.set("x", 1);
    net.settle();
    expect(net.values("n2", "x")).to.deep.equal([1, 1]);
  });
});

function all(value: unknown): unknown[] {
  return [value, value, value];
}
