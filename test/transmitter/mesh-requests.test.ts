import { encodeMessagePack, MeshError, writeFrame } from "@thynapse/protocol";
import { expect } from "chai";

import type { Answer } from "../../transmitter/src/core/requests/mesh-queries.js";
import { idOf, type Own, QueryMesh } from "./query-mesh.js";

describe("mesh requests", () => {
  it("put lists to all live transmitters, and name the transmitter of each row (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf("b1", "b2"), c: cellsOf() });

    const answers = mesh.ask("a", "$mesh.cells", { service: "x" });
    expect(answers).to.have.length(0);
    mesh.deliver();

    expect(results(answers)).to.deep.equal([
      [
        { id: "a1", transmitter: idOf("a") },
        { id: "b1", transmitter: idOf("b") },
        { id: "b2", transmitter: idOf("b") },
      ],
    ]);
    expect(mesh.node("b").asked).to.deep.equal(['$mesh.cells {"service":"x"}']);
    expect(mesh.node("a").counters.values).to.include({ queriesAsked: 2, queriesUnanswered: 0 });
    expect(mesh.node("b").counters.values.queriesAnswered).to.equal(1);
  });

  it("are answered in the same turn where there is nobody else (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1") });

    const answers = mesh.ask("a", "$mesh.cells");

    expect(results(answers)).to.deep.equal([[{ id: "a1", transmitter: idOf("a") }]]);
  });

  it("wait 1 s at most, and name who has not answered (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf("b1"), c: cellsOf("c1") });
    mesh.cut.add(idOf("b"));

    const answers = mesh.ask("a", "$mesh.cells");
    mesh.deliver();
    mesh.pass(999);
    expect(answers).to.have.length(0);
    mesh.pass(1);

    const missing = { transmitter: idOf("b"), missing: true };
    expect(results(answers)[0]).to.deep.include.members([missing]).and.to.have.length(3);
    expect(mesh.node("a").counters.values.queriesUnanswered).to.equal(1);
    mesh.cut.clear();
    mesh.deliver();
    expect(answers, "an answer that comes too late").to.have.length(1);
    expect(mesh.node("a").counters.values.answersUnasked).to.equal(1);
    expect(mesh.node("a").queries.count).to.equal(0);
  });

  it("answer before the asker's own time-out (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf("b1") });
    mesh.cut.add(idOf("b"));

    const answers = mesh.ask("a", "$mesh.cells", {}, 400);
    mesh.pass(300);

    expect(answers).to.have.length(1);
  });

  it("do not wait for one that has no link, or whose link begins anew (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf("b1"), c: cellsOf("c1") });
    mesh.unlinked.add(idOf("b"));
    mesh.cut.add(idOf("c"));

    const answers = mesh.ask("a", "$mesh.cells");
    mesh.lose("c");

    const [rows] = results(answers) as [{ missing?: boolean }[]];
    expect(rows.map(({ missing = false }) => missing)).to.deep.equal([false, true, true]);
  });

  it("do not ask the dead, those who left, and those who are only heard of (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf(), c: cellsOf(), d: cellsOf() });
    for (const [name, state] of [
      ["b", "dead"],
      ["c", "left"],
      ["d", "heard-of"],
    ] as const) {
      mesh.node("a").states.set(idOf(name), state);
    }

    expect(results(mesh.ask("a", "$mesh.cells"))[0]).to.have.length(1);
  });

  it("go to the one transmitter that they name, and to no other (§14)", () => {
    const mesh = new QueryMesh({ a: status, b: status, c: status });

    const own = mesh.ask("a", "$mesh.status");
    const other = mesh.ask("a", "$mesh.status", { transmitter: idOf("b") });
    const all = mesh.ask("a", "$mesh.status", { all: true });
    mesh.deliver();

    expect(results(own)).to.deep.equal([{ pid: 1 }]);
    expect(results(other)).to.deep.equal([{ pid: 1 }]);
    expect(mesh.node("c").asked).to.have.length(1);
    expect(results(all)[0]).to.deep.equal(
      ["a", "b", "c"].map((name) => ({ pid: 1, transmitter: idOf(name) })),
    );
  });

  it("refuse a transmitter that is unknown, dead or silent, by name (§14)", () => {
    const mesh = new QueryMesh({ a: status, b: status, c: status });
    mesh.node("a").states.set(idOf("b"), "dead");
    mesh.cut.add(idOf("c"));

    const codes = ["x", "b", "c"].map((name) =>
      mesh.ask("a", "$mesh.status", { transmitter: idOf(name) }),
    );
    const none = mesh.ask("a", "$mesh.status", { transmitter: "b" });
    mesh.pass(1000);

    expect(codes.map(([answer]) => answer?.error?.code)).to.deep.equal([
      "NOT_FOUND",
      "UNREACHABLE",
      "UNREACHABLE",
    ]);
    expect(none[0]?.error?.code).to.equal("BAD_ID");
  });

  it("pass on the refusal of the transmitter that they name (§14)", () => {
    const mesh = new QueryMesh({ a: status, b: refusing("NOT_FOUND") });

    const answers = mesh.ask("a", "$mesh.dead.show", { letter: 3, transmitter: idOf("b") });
    mesh.deliver();

    expect(answers[0]?.error?.code).to.equal("NOT_FOUND");
    expect(answers[0]?.error?.reason).to.equal("refused here");
  });

  it("are refused as a whole where a list is too long to be told (§14)", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: refusing("TOO_MANY_KEYS") });

    const answers = mesh.ask("a", "$mesh.cells");
    mesh.deliver();

    expect(answers[0]?.error?.code).to.equal("TOO_MANY_KEYS");
  });

  it("count what was done in all of the mesh, of a service (§14)", () => {
    const counts: Own = () => ({ count: 2 });
    const mesh = new QueryMesh({ a: counts, b: counts, c: counts });

    const all = mesh.ask("a", "$mesh.dead.drop", { service: "x" });
    const one = mesh.ask("a", "$mesh.dead.drop", { letter: 1 });
    mesh.deliver();

    expect(results(all)).to.deep.equal([{ count: 6 }]);
    expect(results(one)).to.deep.equal([{ count: 2 }]);
  });

  it("give the newest dead letters of all, oldest first (§14)", () => {
    const at =
      (...times: readonly number[]): Own =>
      () =>
        times.map((atMs) => ({ atMs }));
    const mesh = new QueryMesh({ a: at(1, 4), b: at(2, 3) });

    const answers = mesh.ask("a", "$mesh.dead.list", { limit: 3 });
    mesh.deliver();

    const [letters] = results(answers) as [{ atMs: number }[]];
    expect(letters.map(({ atMs }) => atMs)).to.deep.equal([2, 3, 4]);
  });

  it("give no more dead letters than fit where nobody says how many (§14.3)", () => {
    const many: Own = () => Array.from({ length: 250 }, (_, atMs) => ({ atMs }));
    const mesh = new QueryMesh({ a: many, b: many });

    const answers = mesh.ask("a", "$mesh.dead.list");
    mesh.deliver();

    const [letters] = results(answers) as [{ atMs: number }[]];
    expect(letters).to.have.length(250);
    expect(letters[0]?.atMs).to.equal(125);
  });

  it("explain who would get an event that enters here, and by which way (§14)", () => {
    const leases = { [idOf("b")]: 1, [idOf("c")]: 2 };
    const mesh = new QueryMesh({ a: site("a1", 0, leases), b: site("b1", 4), c: site("c1", 9) });

    const here = mesh.ask("a", "$mesh.explain", { channel: "x" });
    const there = mesh.ask("a", "$mesh.explain", { channel: "x", transmitter: idOf("b") });
    mesh.deliver();

    const whys = (answers: typeof here) => {
      const [{ groups }] = results(answers) as [{ groups: { members: Member[] }[] }];
      return groups.flatMap(({ members }) => members.map(({ way, why }) => [way, why]));
    };
    expect(whys(here)).to.deep.equal([
      ["local", "not now: no free credit"],
      [`over the link to ${idOf("b")}`, "later: another transmitter leases more credit"],
      [`over the link to ${idOf("c")}`, "next: most free credit"],
    ]);
    expect(whys(there)[1]).to.deep.equal(["local", "next: most free credit"]);
    expect(whys(there)[2]?.[1]).to.equal("later: cells of the origin come first");
    expect(results(here)[0]).to.include({ channel: "x", matched: 4 });
  });

  it("explain that nobody is next who has no credit, and whom credit is asked of (§14)", () => {
    const mesh = new QueryMesh({ a: site("a1", 0), b: site("b1", 0), c: site("c1", 9) });

    const answers = mesh.ask("a", "$mesh.explain", { channel: "x" });
    mesh.deliver();

    const [{ groups }] = results(answers) as [{ groups: { members: Member[] }[] }];
    expect(groups[0]?.members.map(({ why }) => why)).to.deep.equal([
      "not now: no free credit",
      "not now: no free credit",
      "next: as soon as its transmitter has leased credit",
    ]);
  });

  it("take an answer from nobody but who was asked, and refuse what cannot be read", () => {
    const mesh = new QueryMesh({ a: cellsOf("a1"), b: cellsOf("b1") });
    const answers = mesh.ask("a", "$mesh.cells");
    const { queries } = mesh.node("a");

    expect(queries.take(idOf("c"), word("QANS", { ref: 1, result: [] }), 0)).to.equal(true);
    expect(answers).to.have.length(0);
    expect(queries.take(idOf("b"), word("EVNT", { ref: 1 }), 0)).to.equal(false);
    expect(() => queries.take(idOf("b"), word("QANS", {}), 0)).to.throw("BAD_PAYLOAD");
    expect(() => queries.take(idOf("b"), word("QURY", { ref: 1, data: {} }), 0)).to.throw(
      "channel",
    );
    expect(queries.take(idOf("b"), word("QANS", { ref: 1, result: 7 }), 0)).to.equal(true);
    const missing = { transmitter: idOf("b"), missing: true };
    expect(results(answers)[0]).to.deep.include(missing);
  });
});

interface Member {
  readonly way: string;
  readonly why: string;
}

function results(answers: readonly Answer[]): unknown[] {
  return answers.map((answer) => (answer.error === undefined ? answer.result : undefined));
}

function cellsOf(...ids: readonly string[]): Own {
  return () => ids.map((id) => ({ id }));
}

const status: Own = () => ({ pid: 1 });

function refusing(code: "NOT_FOUND" | "TOO_MANY_KEYS"): Own {
  return () => {
    throw new MeshError(code, "refused here");
  };
}

/** One stream without and one group with a cell. */
function site(id: string, free: number, leases: Record<string, number> = {}): Own {
  return (_, { channel }) => ({
    channel,
    streams: [{ pattern: "x", encoding: "M", cells: [] }],
    groups: [
      {
        ...{ service: "s", pattern: "x", backlog: 0, affinity: false, leases },
        members: [{ id, free, state: "alive" }],
      },
    ],
    others: [],
  });
}

function word(command: string, map: object): Buffer {
  return writeFrame("M", command, encodeMessagePack(map));
}
