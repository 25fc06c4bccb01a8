import { expect } from "chai";

import { eventually } from "./eventually.js";

describe("test support: eventually", () => {
  it("resolves with what the check returns once it stops throwing", async () => {
    let asked = 0;

    const answer = await eventually(() => {
      asked++;
      if (asked < 3) throw new Error("not yet");
      return "done";
    });

    expect(answer).to.equal("done");
    expect(asked).to.equal(3);
  });

  it("fails with the last error of the check", async () => {
    let asked = 0;

    const error = await failureOf(
      eventually(
        () => {
          asked++;
          throw new Error(`attempt ${asked}`);
        },
        { withinMs: 30 },
      ),
    );

    expect(error.message).to.equal(`not within 30 ms: attempt ${asked}`);
  });

  it("does not wait for a check that never finishes", async () => {
    const error = await failureOf(eventually(() => new Promise(() => {}), { withinMs: 30 }));

    expect(error.message).to.equal("not within 30 ms: the check never finished");
  });
});

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}
