import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import { askAt, whole } from "../proofs/views.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";

const frozenMs = 5000;

describe("faults: a transmitter that comes back with an old view", () => {
  afterEach(endMeshes);

  it("brings back neither what others deleted meanwhile nor cells that have moved", async function () {
    this.timeout(60_000);
    const mesh = await FaultMesh.start({}, {}, {});
    const [first, second, stale] = mesh.transmitters;
    const addresses = mesh.transmitters.map(({ command }) => command);
    await whole(addresses);
    const [leaver] = await mesh.seat("leaver", 1, { home: first! });
    await leaver!.tell("multicatch", { pattern: "old.*" });
    const [mover] = await mesh.seat("mover", 1, { home: stale! });
    await mover!.tell("multicatch", { pattern: "moved.*" });
    await eventually(async () => expect(await idsAt(stale!.command)).to.include(leaver!.id));

    const freezing = stale!.freeze(frozenMs);
    await leaver!.leave();
    await eventually(async () => expect(await idsAt(second!.command)).to.include(mover!.id), {
      withinMs: frozenMs,
    });
    await freezing;
    await whole(addresses);

    for (const address of addresses) {
      await eventually(async () => {
        const ids = await idsAt(address);
        expect(ids).to.not.include(leaver!.id);
        expect(ids.filter((id) => id === mover!.id)).to.have.length(1);
        const patterns = await askAt<PatternRow[]>(address, "$mesh.patterns");
        const caught = patterns.filter(({ cells }) => cells > 0).map(({ pattern }) => pattern);
        expect(caught).to.include("moved.*").and.not.include("old.*");
      });
    }
  });
});

interface PatternRow {
  readonly pattern: string;
  /** None where a stream outlives its last cell. */
  readonly cells: number;
}

/** The cells of the whole mesh, as one transmitter tells them. */
async function idsAt(address: string): Promise<string[]> {
  return (await askAt<{ id: string }[]>(address, "$mesh.cells")).map(({ id }) => id);
}
