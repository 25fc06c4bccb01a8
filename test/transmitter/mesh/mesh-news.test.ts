import type { Thid } from "@thynapse/protocol";
import { expect } from "chai";

import { Counters } from "../../../transmitter/src/core/counters.js";
import type { MemberState } from "../../../transmitter/src/core/mesh/member-state.js";
import { MeshNews } from "../../../transmitter/src/core/mesh/mesh-news.js";

const id = "a".repeat(40) as Thid;
const by = "b".repeat(40) as Thid;

describe("mesh news", () => {
  const steps: readonly (readonly [
    before: MemberState | undefined,
    state: MemberState,
    what?: string,
  ])[] = [
    [undefined, "heard-of"],
    ["heard-of", "alive", "joined"],
    ["alive", "suspect", "suspect"],
    ["suspect", "alive", "alive"],
    ["suspect", "dead", "dead"],
    ["alive", "dead", "dead"],
    ["heard-of", "dead"],
    ["dead", "heard-of"],
    ["alive", "left", "left"],
  ];

  for (const [before, state, what] of steps) {
    it(`tell ${what ?? "nothing"} of one that was ${before} and is ${state} (§13)`, () => {
      const { news, told } = listening();

      news.member({ id, incarnation: 1, state, sinceMs: 0, hasLived: true }, before, 5);

      const channels = told.map(([channel]) => channel);
      expect(channels).to.deep.equal(what === undefined ? [] : [`$mesh.transmitter.${what}`]);
      for (const [, data] of told) expect(data).to.include({ id, by }).and.to.have.property("why");
    });
  }

  it("tell of links (§13)", () => {
    const { news, told } = listening();

    for (const what of ["up", "cut", "anew"] as const) news.link(id, what, 5);

    expect(told.map(([channel]) => channel)).to.deep.equal([
      "$mesh.link.up",
      "$mesh.link.cut",
      "$mesh.link.anew",
    ]);
    expect(told[1]?.[1]).to.include({ id, by });
  });

  it("tell of drops by their counters, once a second at most, and none twice (§13)", () => {
    const { news, told, counters } = listening();

    counters.add("eventsGone", 3);
    counters.add("acks", 9);
    news.drops(1100);
    counters.add("eventsGone", 2);
    counters.add("eventsExpired");
    news.drops(2099);
    news.drops(2100);
    news.drops(9000);

    expect(told).to.deep.equal([
      ["$mesh.drops", { by, counts: { eventsGone: 3 } }],
      ["$mesh.drops", { by, counts: { eventsGone: 2, eventsExpired: 1 } }],
    ]);
  });
});

describe("mesh news of drops", () => {
  for (const name of [
    ...(["eventsRefused", "eventsDenied", "asksRefused", "eventsExpired"] as const),
    ...(["eventsGone", "eventsLostOnLink", "streamUnsayable", "deadLetters"] as const),
  ]) {
    it(`name ${name} (§13)`, () => {
      const { news, told, counters } = listening();
      counters.add(name, 3);

      news.drops(1100);

      expect(told).to.deep.equal([["$mesh.drops", { by, counts: { [name]: 3 } }]]);
    });
  }
});

function listening() {
  const told: [channel: string, data: object][] = [];
  const counters = new Counters();
  const tell = (channel: string, data: object): void => {
    told.push([channel, data]);
  };
  return { news: new MeshNews({ by, counters, tell }), told, counters };
}
