import { expect } from "chai";

import { MeshNet, type MeshNode } from "./mesh-net.js";
import { idOf } from "./net.js";

/** So many that are linked with each other. */
function calmMesh(count: number): { net: MeshNet; nodes: MeshNode[] } {
  const net = new MeshNet();
  for (let n = 1; n <= count; n++) net.knock(net.start(`n${n}`), "n1");
  net.run(3000);
  return { net, nodes: [...net.living] };
}

/** Parts that one has sent to another. */
function sentTo(node: MeshNode | undefined, name: string): number {
  return node?.mesh.peering.links.find(({ peer }) => peer === idOf(name))?.sent ?? 0;
}

/** Sets a key of the first and waits for all to know it; returns when they did. */
function known(net: MeshNet, key = "color"): number[] {
  const [first] = net.living;
  const atMs: number[] = [];
  first?.mesh.set(key, "blue");
  first?.mesh.whenKnown(() => atMs.push(net.nowMs), net.nowMs);
  return atMs;
}

describe("mesh telling", () => {
  it("calls at once when there is nobody to be told", () => {
    const net = new MeshNet();
    net.start("n1");
    expect(known(net)).to.deep.equal([0]);
  });

  it("calls when every member knows, and not before", () => {
    const { net } = calmMesh(4);
    const atMs = known(net);
    expect(atMs).to.deep.equal([]);
    expect(net.values("n1", "color")).to.deep.equal(["blue", undefined, undefined, undefined]);
    net.settle();
    expect(atMs).to.have.length(1);
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue", "blue", "blue"]);
    expect(known(net, "shape")).to.deep.equal([]);
  });

  it("calls at once when nothing has changed since all knew", () => {
    const { net, nodes } = calmMesh(3);
    known(net);
    net.settle();
    let isCalled = false;
    nodes[0]?.mesh.whenKnown(() => (isCalled = true), net.nowMs);
    expect(isCalled).to.equal(true);
  });

  it("tells all that a turn has set in one word for each link", () => {
    const { net, nodes } = calmMesh(3);
    const sent = (): number => sentTo(nodes[0], "n2");
    const before = sent();
    for (let n = 0; n < 1000; n++) nodes[0]?.mesh.set(`key ${n}`, n);
    net.settle();
    expect(sent() - before).to.equal(1);
    expect(nodes[1]?.mesh.directory.entriesOf(idOf("n1"), "key ")).to.have.length(1000);
  });

  it("waits for one that is suspect until it is dead", () => {
    const { net } = calmMesh(3);
    net.stop("n3");
    const atMs = known(net);
    net.settle();
    expect(atMs).to.deep.equal([]);
    const beganMs = net.nowMs;
    net.run(1000);
    expect((atMs[0] ?? 0) - beganMs).to.be.within(300, 900);
  });

  it("waits for one that is alive behind a broken link until it knows from others", () => {
    const { net } = calmMesh(4);
    net.cut("n1", "n3");
    const atMs = known(net);
    const beganMs = net.nowMs;
    net.run(3000);
    expect((atMs[0] ?? 0) - beganMs).to.be.within(100, 2000);
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue", "blue", "blue"]);
  });

  it("waits two seconds at most for one that nobody reaches and nobody holds for dead", () => {
    const { net } = calmMesh(2);
    net.cutOneWay("n2", "n1");
    const atMs = known(net);
    const beganMs = net.nowMs;
    net.run(2500);
    expect(net.values("n1", "color")).to.deep.equal(["blue", undefined]);
    expect((atMs[0] ?? 0) - beganMs).to.be.within(300, 2050);
  });

  it("waits ten seconds at most for one that lives and acks nothing (§19.14)", () => {
    const { net } = calmMesh(3);
    const [first] = net.living;
    net.deaf.add("n3");
    const atMs = known(net);
    const beganMs = net.nowMs;
    net.run(9000);
    expect(atMs).to.deep.equal([]);
    // It is not looked at over and over meanwhile.
    expect(first?.mesh.deadlineMs).to.be.greaterThan(net.nowMs);
    net.run(1500);
    expect((atMs[0] ?? 0) - beganMs).to.be.within(10_000, 10_300);
    expect(first?.mesh.members.get(idOf("n3"))?.state).to.equal("alive");

    net.deaf.clear();
    net.run(3000);
    expect(known(net, "shape")).to.deep.equal([]);
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue", "blue"]);
    net.settle();
    expect(net.values("n1", "shape")).to.deep.equal(["blue", "blue", "blue"]);
  });

  it("waits for a newcomer whose link is up, though it is not yet alive", () => {
    const { net } = calmMesh(2);
    const [first] = net.living;
    const atMs: number[] = [];
    net.knock(net.start("n3"), "n1");
    first?.mesh.set("color", "blue");
    first?.mesh.whenKnown(() => atMs.push(net.nowMs), net.nowMs);
    expect(atMs).to.deep.equal([]);
    net.settle();
    expect(atMs).to.have.length(1);
    expect(net.values("n1", "color")).to.deep.equal(["blue", "blue", "blue"]);
  });

  it("tells a long record in pieces, which change nothing before the last one has come", () => {
    const { net, nodes } = calmMesh(2);
    const long = "x".repeat(1000);
    for (let n = 0; n < 6000; n++) nodes[0]?.mesh.set(`key ${n}`, long);
    const sent = (): number => sentTo(nodes[0], "n2");
    const before = sent();
    net.settle();
    expect(nodes[1]?.mesh.directory.entriesOf(idOf("n1"), "key ")).to.have.length(6000);
    expect(sent() - before).to.be.within(20, 30);
  });

  it("refuses to set more than a record may hold, and goes on", () => {
    const { net, nodes } = calmMesh(2);
    const [first] = nodes;
    const long = Buffer.alloc(1024 * 1024);
    const fill = (): void => {
      for (let n = 0; n < 20; n++) first?.mesh.set(`key ${n}`, long);
    };
    expect(fill).to.throw("TOO_LARGE");
    const { length } = first?.mesh.directory.entriesOf(idOf("n1"), "key ") ?? [];
    expect(length).to.equal(7);
    first?.mesh.set("key 0", undefined);
    first?.mesh.set("key 7", long);
    net.run(100);
    expect(first?.mesh.directory.get(idOf("n1"), "key 7")).to.equal(long);
  });
});

describe("mesh joining", () => {
  it("is done at once without seeds", () => {
    expect(new MeshNet().start("n1").told).to.deep.equal(["joined"]);
  });

  it("is done as soon as the only seed turns out to be itself", () => {
    const net = new MeshNet();
    const alone = net.start("n1", { seeds: 1 });
    expect(alone.told).to.deep.equal([]);
    net.knock(alone, "n1");
    expect(alone.told).to.deep.equal(["joined"]);
  });

  it("is done when it is linked both ways with all whom its seed lists, and knows their records", () => {
    const { net, nodes } = calmMesh(5);
    nodes[4]?.mesh.set("color", "blue");
    const late = net.start("late", { seeds: 1 });
    net.knock(late, "n2");
    net.run(1000);
    expect(late.told).to.deep.equal(["joined"]);
    expect(late.joinedWith).to.deep.equal(["n1", "n2", "n3", "n4", "n5"]);
    expect(late.mesh.directory.get(idOf("n5"), "color")).to.equal("blue");
  });

  it("waits for one that is suspect until it is dead", () => {
    const { net } = calmMesh(4);
    net.stop("n4");
    const beganMs = net.nowMs;
    const late = net.start("late", { seeds: 1 });
    net.knock(late, "n1");
    expect(late.told).to.deep.equal([]);
    for (let ms = 0; ms < 3000 && late.told.length === 0; ms += 50) net.run(50);
    expect(late.told).to.deep.equal(["joined"]);
    expect(net.nowMs - beganMs).to.be.greaterThan(300);
    expect(late.joinedWith).to.deep.equal(["n1", "n2", "n3"]);
  });

  it("does not wait for one that has left, which comes back under another id", () => {
    const { net, nodes } = calmMesh(3);
    nodes[2]?.mesh.leave(net.nowMs);
    net.settle();
    net.stop("n3");

    const again = net.start("again", { seeds: 1 });
    net.knock(again, "n1");
    net.run(1000);

    expect(again.told).to.deep.equal(["joined"]);
    expect(again.joinedWith).to.deep.equal(["n1", "n2"]);
  });

  it("goes on degraded when no seed is there, or one of the listed is not to be reached", () => {
    const net = new MeshNet();
    const alone = net.start("n1", { seeds: 2 });
    net.run(2900);
    expect(alone.told).to.deep.equal([]);
    net.run(200);
    expect(alone.told).to.deep.equal(["degraded"]);

    const { net: other } = calmMesh(3);
    const late = other.start("late", { seeds: 1 });
    other.cut("n3", "late");
    other.knock(late, "n1");
    other.run(2900);
    expect(late.told).to.deep.equal([]);
    other.run(200);
    expect(late.told).to.deep.equal(["degraded"]);
  });
});
