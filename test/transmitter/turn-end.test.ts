import { expect } from "chai";

import { TurnEnd, type TurnEndParts } from "../../transmitter/src/core/turn-end.js";

describe("the end of a turn", () => {
  it("lets every part tell what the turn has brought, though one of them throws", () => {
    const done: string[] = [];
    const step = (name: string) => () => void done.push(name);
    const parts = {
      seat: { cutOff: step("cut off"), flush: step("mesh") },
      sites: {
        passBack: step("passed back"),
        announcing: { flush: step("announced") },
        adopting: {
          flush: () => {
            throw new RangeError("a defect");
          },
        },
        tellOthers: step("lost"),
      },
      groups: { flush: step("groups") },
      asks: { flush: step("asks") },
      telling: { flush: step("confirms") },
      streams: { flushMarks: step("marks") },
      effects: () => [],
      onInternal: ({ message }: { readonly message: string }) => {
        done.push(message);
      },
    } as unknown as TurnEndParts;

    new TurnEnd(parts).run(1);

    expect(done).to.deep.equal([
      ...["cut off", "passed back", "groups", "announced", "INTERNAL: a defect"],
      ...["lost", "asks", "confirms", "marks", "mesh"],
    ]);
  });
});
