import { expect } from "chai";

import { answeringCases } from "./cases/answering.js";
import { askingCases } from "./cases/asking.js";
import { attachingCases } from "./cases/attaching.js";
import { claimCases } from "./cases/claims.js";
import { deliveryCases } from "./cases/deliveries.js";
import { failoverCases } from "./cases/failover.js";
import { grantCases } from "./cases/grants.js";
import { meshCases } from "./cases/mesh.js";
import { multicatchCases } from "./cases/multicatch.js";
import { renameCases } from "./cases/renames.js";
import { repairCases } from "./cases/repair.js";
import { sendingCases } from "./cases/sending.js";
import { survivalCases } from "./cases/survival.js";
import { pythonCell } from "./drivers/python.js";
import { sdkInProcess, sdkOverSockets } from "./drivers/sdk.js";
import type { Cases } from "./rule.js";

const groups: Readonly<Record<string, Cases>> = {
  attaching: attachingCases,
  failover: failoverCases,
  grants: grantCases,
  multicatches: multicatchCases,
  repair: repairCases,
  deliveries: deliveryCases,
  claims: claimCases,
  renames: renameCases,
  sending: sendingCases,
  asking: askingCases,
  answering: answeringCases,
  "a mesh": meshCases,
  survival: survivalCases,
};

/** Titles of the cases that each cell has passed. */
const passed = new Map<string, string[]>();

for (const driver of [sdkOverSockets, sdkInProcess, pythonCell]) {
  const titles: string[] = [];
  passed.set(driver.name, titles);
  describe(`cell conformance: ${driver.name}`, () => {
    for (const [name, cases] of Object.entries(groups)) {
      describe(name, () => {
        cases(driver, (title, act) => {
          it(title, async () => {
            await act();
            titles.push(`${name}: ${title}`);
          });
        });
      });
    }
  });
}

describe("cell conformance", () => {
  it("is the same for every cell: each has passed as many cases, and the same ones", () => {
    const [first, ...others] = [...passed.values()];

    expect(first).to.have.length.greaterThan(50);
    for (const titles of others) expect(titles).to.deep.equal(first);
  });
});
