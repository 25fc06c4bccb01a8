import { expect } from "chai";

import { check } from "./checker.js";
import { addresses, calmSends, calmWork } from "./rolling-world.js";
import { acked, also, begun, calm } from "./story.js";
import { World } from "./world.js";

/*
 * Goal:   the checker knows that a cell which says farewell while its handlers run gives back what
 *         they had (§9.5), before the cell has ended.
 * Method: a cell waits for its handlers for less time than they take; another one, which joined
 *         meanwhile, gets what they had. And a log where a cell that begins to close is no reason.
 * Replay: npm run test:simulation -- --grep "before its handlers"
 */
describe("simulation: a cell that goes before its handlers have ended", () => {
  it("leaves their deliveries to others", () => {
    const begun = new Map<string, Set<string>>();
    const world = new World({
      ...{ seed: 1, turnMsMax: 1, limits: {} },
      network: {
        ...{ delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 },
        ...{ eventPipeMax: 1024, linkPipeMax: 1024 },
      },
      onRecord: ({ action, id, cell }) => {
        if (action === "begun") begun.set(id, (begun.get(id) ?? new Set()).add(cell));
      },
    });
    world.isOver = () => world.nowMs > 200;
    const [address] = addresses;
    world.startTransmitter(address as string);
    const work = { ...calmWork, fates: { long: 1 } };
    const startWorker = (): void => {
      const { cell } = world.startCell({
        ...{ service: "billing", home: 0, catches: [work], sends: undefined },
      });
      world.agenda.in(900, () => cell.act(() => cell.core.close(cell.nowMs, 200)));
    };
    startWorker();
    world.run(100);
    world.startCell({ service: "shop", home: 0, catches: [], sends: calmSends });
    world.agenda.in(500, startWorker);
    world.run(1500);

    expect([...begun.values()].some((cells) => cells.size > 1)).to.equal(true);
    expect(world.checker.violations).to.deep.equal([]);
  });

  it("does not leave them when it begins to close", () => {
    const again = { attempt: 2, repeat: true };
    const left = { id: "", cell: "a", action: "left" as const, timeMs: 0 };
    const log = also(left, begun("s:1", "b", again), acked("s:1", "b", 2))(calm());

    expect(check(log).map(({ rule }) => rule)).to.deep.equal(["twice"]);
  });
});
