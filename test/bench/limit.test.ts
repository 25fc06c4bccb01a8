import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import { Limit, Overdue } from "./limit.js";

describe("bench: limit", () => {
  it("gives up a step that never ends, and names it", async () => {
    const limit = new Limit(20);
    await limit.of("taking its seats", Promise.resolve());

    const ending = await limit.of("warming up", never()).catch((error: unknown) => error);

    expect(ending).to.be.instanceOf(Overdue);
    expect((ending as Error).message).to.equal("did not end within 0.02 s: it was warming up");
  });

  it("hands on what a step comes to, also that it failed", async () => {
    const limit = new Limit(10_000);
    const failing = limit.of("being measured", Promise.reject(new Error("lost one")));

    expect(await limit.of("warming up", Promise.resolve(7))).to.equal(7);
    expect(await failing.catch((error: Error) => error.message)).to.equal("lost one");
    limit.lift();
  });

  it("ends nothing once it is lifted", async () => {
    const limit = new Limit(5);
    const step = limit.of("being measured", delay(30, "done"));
    limit.lift();

    expect(await step).to.equal("done");
  });
});

function never(): Promise<never> {
  return new Promise(() => {});
}
