import { expect } from "chai";

import { HostileSite } from "./hostile-stand.js";

describe("transmitter core: holes of what did not come over a link (§18.9)", () => {
  it("take up room in the ring, and push each other out of it (§15)", () => {
    const at = new HostileSite({ ringBytesMax: 128 * 1000 });
    const cell = at.victim.cell("far");
    const { catch: number } = cell.catch("a", "multi");
    for (let n = 0; n < 3; n++) at.say("LOST", { channels: holes(1000) });

    cell.say("MISS", { catch: number, first: 1, count: 3000 });

    const [gone, ...rest] = cell.take("RPAR").map(({ fields }) => fields);
    expect(gone).to.include({ first: 1, count: 2000, gone: true });
    expect(rest).to.have.length(1000);
    const { eventsGone, ringEvicted } = at.victim.core.counters.values;
    expect([eventsGone, ringEvicted]).to.deep.equal([3000, 0]);
  });

  it("stay uncounted when they have left the ring, what is behind them does not (§18.12)", () => {
    const at = new HostileSite({ ringBytesMax: 3 * 128 });
    const cell = at.victim.cell("far");
    const { catch: number } = cell.catch("a", "multi");
    at.say("LOST", { channels: holes(1) });
    at.victim.turn(() => at.victim.core.sites.livedOn());
    at.say("LOST", { channels: holes(5) });

    const goneFrom = (first: number): unknown => {
      cell.say("MISS", { catch: number, first, count: 9 });
      return cell.take("RPAR")[0]?.fields;
    };
    const gone = { catch: number, gone: true, done: false };
    expect(goneFrom(1)).to.deep.equal({ ...gone, first: 1, count: 4, uncounted: true });
    expect(goneFrom(2)).to.deep.equal({ ...gone, first: 2, count: 3, uncounted: true });
    expect(goneFrom(3)).to.deep.equal({ ...gone, first: 3, count: 2 });
  });

  it("are told as far as 1 MiB goes for one MISS (§8.5)", () => {
    const at = new HostileSite();
    const cell = at.victim.cell("far");
    const { catch: number } = cell.catch("a", "multi");
    for (let n = 0; n < 2; n++) at.say("LOST", { channels: holes(10_000) });

    let next = 1;
    for (const count of [8192, 8192, 20_000 - 2 * 8192]) {
      cell.say("MISS", { catch: number, first: next, count: 20_000 });
      const told = cell.take("RPAR").map(({ fields }) => fields);
      expect(told).to.have.length(count);
      expect(told[0]).to.include({ first: next, count: 1, gone: true, done: false });
      expect(told.at(-1)).to.include({ done: true });
      next += count;
    }
  });
});

function holes(count: number): [string, number][] {
  return Array.from({ length: count }, () => ["a", 1]);
}
