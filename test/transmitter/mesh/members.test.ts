import { expect } from "chai";

import { MembersMesh } from "./members-mesh.js";

/** Five that know each other. */
function calmMesh(seed = 1): MembersMesh {
  const mesh = new MembersMesh(5, seed);
  mesh.pass(2000);
  mesh.seen.splice(0);
  return mesh;
}

const all = <T>(value: T): T[] => Array.from({ length: 4 }, () => value);

describe("members", () => {
  it("are alive after their second sign of life", () => {
    const mesh = new MembersMesh(5);
    mesh.pass(240);
    expect(mesh.states(3)).to.include("heard-of").and.not.include("alive");
    mesh.pass(600);
    for (const n of [1, 2, 3, 4, 5]) expect(mesh.states(n)).to.deep.equal(all("alive"));
  });

  for (let seed = 1; seed <= 20; seed++) {
    it(`find one that was killed dead within a second, and nobody else, seed ${seed}`, () => {
      const mesh = calmMesh(seed);
      mesh.kill(2);
      const killedMs = mesh.nowMs;
      expect(mesh.states(2)).to.deep.equal(all("suspect"));

      mesh.pass(1000);
      expect(mesh.states(2)).to.deep.equal(all("dead"));
      for (const [atMs, , of] of mesh.deaths) {
        expect(of).to.equal(2);
        expect(atMs - killedMs).to.be.within(200, 900);
      }
    });

    it(`find one that is frozen dead within 2.5 s, and alive again afterwards, seed ${seed}`, () => {
      const mesh = calmMesh(seed);
      mesh.pause(4, 5000);
      mesh.pass(2500);
      expect(mesh.states(4)).to.deep.equal(all("dead"));

      mesh.pass(4000);
      for (const n of [1, 2, 3, 4, 5]) expect(mesh.states(n)).to.deep.equal(all("alive"));
      expect(mesh.deaths.map(([, , of]) => of)).to.deep.equal(all(4));
    });

    it(`hold nobody for dead for a stall of a second, seed ${seed}`, () => {
      const mesh = calmMesh(seed);
      for (const n of [1, 2, 3, 4, 5]) {
        mesh.pause(n, 1000);
        mesh.pass(2000);
      }
      expect(mesh.deaths).to.deep.equal([]);
    });

    it(`hold nobody for dead over a broken link that others go round, seed ${seed}`, () => {
      const mesh = calmMesh(seed);
      mesh.cut(1, 2);
      mesh.cut(2, 1);
      mesh.cut(3, 4);
      mesh.pass(20_000);
      expect(mesh.deaths).to.deep.equal([]);
      expect([mesh.state(1, 2), mesh.state(4, 3)]).to.deep.equal(["suspect", "suspect"]);
      expect([mesh.state(3, 4), mesh.state(5, 2)]).to.deep.equal(["alive", "alive"]);

      mesh.heal(1, 2);
      mesh.heal(2, 1);
      mesh.heal(3, 4);
      mesh.pass(1000);
      for (const n of [1, 2, 3, 4, 5]) expect(mesh.states(n)).to.deep.equal(all("alive"));
    });
  }

  it("part into two sides that each go on, and are one again afterwards", () => {
    const mesh = calmMesh();
    const cuts = [1, 2].flatMap((a) =>
      [3, 4, 5].flatMap((b) => [[a, b] as const, [b, a] as const]),
    );
    for (const [from, to] of cuts) mesh.cut(from, to);
    mesh.pass(3000);
    expect([1, 2, 3, 4, 5].map((n) => mesh.state(1, n))).to.deep.equal([
      undefined,
      "alive",
      "dead",
      "dead",
      "dead",
    ]);
    expect([3, 4].map((n) => mesh.state(5, n))).to.deep.equal(["alive", "alive"]);

    for (const [from, to] of cuts) mesh.heal(from, to);
    mesh.pass(1500);
    for (const n of [1, 2, 3, 4, 5]) expect(mesh.states(n)).to.deep.equal(all("alive"));
  });

  it("know one that has started again at once, by its incarnation", () => {
    const mesh = calmMesh();
    mesh.kill(3);
    mesh.pass(100);
    mesh.start(3);
    mesh.pass(1000);
    expect(mesh.states(3)).to.deep.equal(all("alive"));
  });

  it("bury nobody for their own pause", () => {
    const mesh = calmMesh();
    for (const n of [1, 2, 3, 4]) mesh.pause(n, 4000);
    mesh.pass(4300);
    expect(mesh.deaths.filter(([, by]) => by !== 5)).to.deep.equal([]);
  });

  it("take one that has said farewell for gone, at once, and forget it and the dead later", () => {
    const mesh = calmMesh();
    mesh.leave(1);
    mesh.kill(2);
    mesh.pass(3000);
    const living = [3, 4, 5];
    expect(living.map((by) => mesh.state(by, 1))).to.deep.equal(["left", "left", "left"]);
    expect(living.map((by) => mesh.state(by, 2))).to.deep.equal(["dead", "dead", "dead"]);

    mesh.pass(610_000);
    expect(living.map((by) => mesh.state(by, 1) ?? mesh.state(by, 2))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
