import { expect } from "chai";

import { ask, asking, lettersOf } from "./asking.js";
import { transmitterId } from "./core-bench.js";

describe("transmitter core: wrong system requests", () => {
  for (const [channel, data, code] of [
    ["$mesh.cells", { service: 3 }, "BAD_SERVICE"],
    ["$mesh.groups", { service: "a b" }, "BAD_SERVICE"],
    ["$mesh.dead.list", { service: ["worker"] }, "BAD_SERVICE"],
    ["$mesh.dead.redrive", { service: 3, letter: 1 }, "BAD_SERVICE"],
    ["$mesh.dead.drop", { service: {}, letter: 1 }, "BAD_SERVICE"],
    ["$mesh.status", { all: 1 }, "BAD_PAYLOAD"],
    ["$mesh.metrics", { all: "true" }, "BAD_PAYLOAD"],
    ["$mesh.cells", { transmitter: 3 }, "BAD_ID"],
    ["$mesh.dead.list", { letter: "1" }, "BAD_PAYLOAD"],
    ["$mesh.status", 3, "BAD_PAYLOAD"],
    ["$mesh.drain", "x", "BAD_PAYLOAD"],
    ["$mesh.drain", [], "BAD_PAYLOAD"],
  ] as const) {
    it(`are refused, and do nothing: ${channel} with ${JSON.stringify(data)}, ${code} (§14.6)`, () => {
      const { bench, asker } = asking();

      expect(ask(asker, channel, data).fields).to.include({ state: "error", code });

      bench.pass(100);
      expect(bench.drainRequested).to.equal(false);
      expect(lettersOf(asker, {})).to.deep.equal([1]);
    });
  }

  it("are refused where their data is bytes or a time, which is no map (§14.6)", () => {
    const { bench } = asking();
    const asker = bench.cell("packed", { encoding: "M" });
    const extras = { ask: { timeoutMs: 1000 } };

    for (const data of [Buffer.from("{}"), new Date(0)]) {
      asker.sendRun([{ channel: "$mesh.drain", data, extras }]);
      expect(asker.takeOne("ANSR").fields).to.include({ state: "error", code: "BAD_PAYLOAD" });
    }
    bench.pass(100);
    expect(bench.drainRequested).to.equal(false);
  });

  it("are right where service or all is null, as if it were not there (§14.6)", () => {
    const { asker } = asking();

    for (const channel of ["$mesh.cells", "$mesh.groups", "$mesh.dead.list"]) {
      const rows = ask(asker, channel, { service: null }).fields["data"];
      expect(rows, channel).to.be.an("array").with.lengthOf.above(0);
    }
    const status = ask(asker, "$mesh.status", { all: null }).fields["data"];
    expect(status).to.include({ id: transmitterId });
    expect(ask(asker, "$mesh.dead.drop", { service: null }).fields).to.include({
      code: "BAD_PAYLOAD",
    });
  });
});
