import { expect } from "chai";

import type { LogRecord } from "./log.js";
import { addresses, calmSends, calmWork } from "./rolling-world.js";
import { World } from "./world.js";

/*
 * Goal:   the checker holds a gap of a stream that a cell reads on at its old home (§8.12) against
 *         what was lost there, also where the stream ends with it.
 * Method: one of two transmitters drains, and keeps nothing that it has published. The cell is
 *         stopped when the other one has welcomed it, and wakes when nobody sends any more: what
 *         its connection did not hold is gone, and nothing comes behind it.
 * Replay: npm run test:simulation -- --grep "reads on"
 */
describe("simulation: a stream that a cell reads on at its old home", () => {
  it("has the gap that is found when it ends", () => {
    const attached: string[] = [];
    const gaps: LogRecord[] = [];
    let isOver = false;
    const onRecord = (record: LogRecord): void => {
      if (record.action === "gap") gaps.push(record);
      if (record.action !== "attached" || record.cell !== watcher.cell.terms.id) return;
      attached.push(record.home ?? "");
      if (attached.length === 2) stop();
    };
    const world = new World({
      ...{ seed: 1, turnMsMax: 1, limits: { ringBytesMax: 0 }, onRecord },
      network: {
        ...{ delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 },
        ...{ eventPipeMax: 4, linkPipeMax: 1024 },
      },
    });
    world.isOver = () => isOver;
    const used = addresses.slice(0, 2);
    const [first] = used.map((address) => world.startTransmitter(address, used));
    const watch = { ...calmWork, mode: "multi" as const, bufferBytesMax: 1024 * 1024 };
    const watcher = world.startCell({
      ...{ service: "watch", home: 0, catches: [watch], sends: undefined },
    });
    const stop = (): void => {
      const { process } = watcher.cell;
      world.log({ id: "", action: "fault", count: 200 }, watcher.cell.terms.id);
      process.stop();
      world.network.stopped(process);
      world.agenda.in(100, () => (isOver = true));
      world.agenda.in(200, () => process.wake());
    };
    world.run(1000);
    world.startCell({ service: "shop", home: 1, catches: [], sends: calmSends });
    world.run(1500);
    first?.drain();
    world.run(6000);
    world.checker.finish();

    expect(attached.length).to.equal(2);
    expect(gaps.map(({ home, peer }) => [home, peer])).to.deep.equal([[attached[1], attached[0]]]);
    expect(gaps[0]?.count).to.be.above(0);
    expect(world.checker.violations).to.deep.equal([]);
  });
});
