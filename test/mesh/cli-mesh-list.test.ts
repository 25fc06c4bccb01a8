import type { Cell } from "@thynapse/cell-sdk";
import { MeshError } from "@thynapse/protocol";
import { expect } from "chai";

import { clockOf, hopOf, orderHops } from "../../transmitter/src/cli/hops.js";
import { askEach, findTransmitter, listMesh } from "../../transmitter/src/cli/mesh-list.js";
import type { Row } from "../../transmitter/src/cli/system.js";

const query = { timeoutMs: 1000, signal: new AbortController().signal };

describe("cli: lists of a mesh", () => {
  it("part the rows from who is missing, but keep what is known of a transmitter", async () => {
    const cells = [
      { id: "c", transmitter: "a" },
      { transmitter: "b", missing: true },
    ];
    const transmitters = [{ id: "b", transmitter: "b", state: "alive", missing: true }];

    expect(
      await listMesh(
        answering(() => cells),
        "$mesh.cells",
        query,
      ),
    ).to.deep.equal({
      rows: cells.slice(0, 1),
      missing: ["b"],
    });
    expect(
      await listMesh(
        answering(() => transmitters),
        "$mesh.transmitters",
        query,
      ),
    ).to.deep.equal({ rows: transmitters, missing: ["b"] });
  });

  it("are fetched from each transmitter in pages where they are too long for one answer", async () => {
    const asked: Row[] = [];
    const cell = answering((channel, data) => {
      if (channel === "$mesh.transmitters") return ["a", "b", "c"].map(transmitter);
      if (data["transmitter"] === undefined) throw new MeshError("TOO_MANY_KEYS", "too long");
      if (data["transmitter"] === "c") throw new MeshError("UNREACHABLE", "silent");
      asked.push(data);
      const all = Array.from({ length: data["transmitter"] === "a" ? 700 : 2 }, (_, at) => ({
        at,
      }));
      return all.slice(Number(data["offset"]), Number(data["offset"]) + Number(data["limit"]));
    });

    const { rows, missing } = await listMesh(cell, "$mesh.cells", { ...query, data: { x: 1 } });

    expect(rows).to.have.length(702);
    expect(new Set(rows.slice(0, 700).map(({ at }) => at)).size).to.equal(700);
    expect(missing).to.deep.equal(["c"]);
    expect(asked).to.have.length(4);
    for (const data of asked) expect(data).to.include({ x: 1 });
  });

  it("end with a page that brings nothing new, whatever else has changed in it", async () => {
    let asked = 0;
    const ignoring = answering((channel, data) => {
      if (channel === "$mesh.transmitters") return [transmitter("a")];
      if (data["transmitter"] === undefined) throw new MeshError("TOO_MANY_KEYS", "too long");
      if (++asked > 9) throw new Error("asks for ever");
      return Array.from({ length: Number(data["limit"]) }, (_, id) => ({ id, sent: asked }));
    });

    const { rows } = await listMesh(ignoring, "$mesh.cells", query);

    expect(asked).to.equal(2);
    expect(rows).to.deep.equal(rows.map((_, id) => ({ id, sent: 1 })));
  });

  it("of statuses are fetched one by one where they are too long for one answer", async () => {
    const cell = answering((channel, data) => {
      if (channel === "$mesh.transmitters") return ["a", "b"].map(transmitter);
      if (data["all"] === true) throw new MeshError("TOO_MANY_KEYS", "too long");
      if (data["transmitter"] === "b") throw new MeshError("UNREACHABLE", "silent");
      return { id: data["transmitter"], pid: 1 };
    });

    expect(await askEach(cell, "$mesh.status", query)).to.deep.equal({
      rows: [{ id: "a", pid: 1, transmitter: "a" }],
      missing: ["b"],
    });
  });

  it("find a transmitter by the beginning of its id or by an address, if that is one", async () => {
    const cell = answering(() => ["aa1", "aa2"].map(transmitter));
    const find = async (name: string): Promise<unknown> =>
      await findTransmitter(cell, name, query).then(
        ({ id }) => id,
        ({ exit }: { readonly exit: number }) => exit,
      );

    expect(await find("aa2")).to.equal("aa2");
    expect(await find("tcp://aa1")).to.equal("aa1");
    expect(await find("aa")).to.equal(2);
    expect(await find("b")).to.equal(1);
  });
});

describe("cli: a transmitter that is named", () => {
  const dead = { ...transmitter("aa0"), state: "dead", command: "tcp://aa1" };
  const cell = answering(() => [dead, ...["aa1", "b"].map(transmitter)]);

  for (const name of ["tcp://aa1", "aa"]) {
    it(`${name} is the live one, where a dead one is called so too`, async () => {
      expect(await findTransmitter(cell, name, query)).to.include({ id: "aa1" });
    });
  }

  it("may be dead, if no live one is called so", async () => {
    expect(await findTransmitter(cell, "aa0", query)).to.include({ state: "dead" });
  });
});

describe("cli: hops of a trace", () => {
  it("stand on the clock of this machine, with what that may be off", () => {
    const clock = clockOf({ clockMs: 5030 }, 1000, 1020);
    const clocks = new Map([["b", clock!]]);

    expect(clock).to.deep.equal({ aheadMs: 4020, errorMs: 11 });
    expect(clockOf({}, 1000, 1020)).to.equal(undefined);
    expect(hopOf({ hop: "settled", by: "b", atMs: 5100, cell: "c" }, 1050, clocks)).to.deep.equal({
      ...{ hop: "settled", by: "b", cell: "c" },
      ...{ ms: 30, errorMs: 11 },
    });
  });

  it("are ordered by time, but sent and accepted come first and handled last", () => {
    const hops = [
      { hop: "handled", ms: 9 },
      { hop: "settled", ms: 12 },
      { hop: "published", ms: -2 },
      { hop: "accepted", ms: 3 },
      { hop: "sent", ms: 0 },
    ];

    expect(orderHops(hops).map(({ hop }) => hop)).to.deep.equal([
      ...["sent", "accepted", "published", "settled", "handled"],
    ]);
  });
});

function transmitter(id: string): Row {
  return { id, state: "alive", command: `tcp://${id}`, pub: `tcp://${id}-pub` };
}

function answering(answer: (channel: string, data: Row) => Row | readonly Row[]): Cell {
  const ask = (channel: string, data: Row): Promise<Row | readonly Row[]> =>
    new Promise((resolve) => {
      resolve(answer(channel, data));
    });
  return { ask } as unknown as Cell;
}
