import { expect } from "chai";

import {
  readDeliveryHead,
  readSettlementRows,
  readSiteWord,
} from "../../../transmitter/src/core/sites/site-words.js";
import { isEvent } from "./apart.js";
import { HostileSite, runOf, stranger } from "./hostile-stand.js";

const max = Number.MAX_SAFE_INTEGER;
const group = { service: "w", pattern: "a" };
const idOf = (n: number): string => n.toString(16).padStart(40, "0");

/*
 * Goal:   whatever another transmitter says of events, cells here get what is theirs, and no more work or memory goes
 *         into it than into what honest ones say.
 * Method: words and values that no transmitter would say; they are refused by name, or bounded.
 */
describe("transmitter core: words that no transmitter would say", () => {
  it("are deliveries without numbers for all of them", () => {
    const head = (number: number) => ({ ...group, number, attempt: 1 });
    expect(readDeliveryHead(head(max - 3), 3).number).to.equal(max - 3);
    expect(() => readDeliveryHead(head(max - 2), 3)).to.throw("number");
  });

  it("are losses beyond counting, which leave streams numbered", () => {
    const at = new HostileSite();
    const { topic } = at.victim.cell("w").catch("a", "multi");
    expect(
      at.say("LOST", {
        channels: [
          ["a", max],
          ["a", max],
          ["a", 7],
        ],
      }),
    ).to.equal(undefined);
    at.victim.cell("s").send("a");
    const [{ first } = { first: 0 }] = at.victim.stream(topic).filter(isEvent);
    expect(first).to.equal(1 + 1 + 7 + 1);
  });

  it("are losses of which some have no channel, or no count: then nothing is lost", () => {
    for (const bad of [["no channel", 1], ["a"], ["a", 0], "a"]) {
      const at = new HostileSite();
      const { topic } = at.victim.cell("w").catch("a", "multi");
      expect(at.say("LOST", { channels: [["a", 5], bad] })).to.match(/^BAD_/);
      at.victim.cell("s").send("a");
      expect(at.victim.stream(topic).find(isEvent)?.first).to.equal(1);
    }
  });

  it("are wishes for credit of cells that are none, or that have gone", () => {
    const at = new HostileSite();
    const worker = at.victim.cell("w");
    worker.catch("a", "any");
    const leases = (): number => [...(at.group("w", "a")?.sites.leasesOut() ?? [])].length;
    const need = { ...group, life: 1, count: 1, received: 0 };
    for (let n = 0; n < 50; n++) at.say("NEED", { ...need, cell: idOf(n) });
    for (let n = 0; n < 50; n++) at.say("RTRN", { ...group, cell: idOf(n), life: 1, count: 1 });
    expect(leases()).to.equal(0);

    at.victim.cell("w").catch("a", "any");
    at.say("NEED", { ...need, cell: worker.id });
    expect(leases()).to.equal(1);
    worker.say("GBYE");
    expect(leases()).to.equal(0);
  });

  it("are deliveries that no cell has claimed, in whose name they come: credit bounds them", () => {
    const at = new HostileSite();
    const held = [[stranger, 1, 2]];
    const claims = [{ pattern: "a", held, settled: [] }];
    const worker = at.victim.cell("w", { session: 2, claims });
    worker.catch("a", "any", { credit: 1 });
    const head = { ...group, number: 1, attempt: 1, repeat: true, claimed: true, cell: worker.id };
    at.net.isHeld = true;
    at.net.sent.splice(0);
    at.say("DLVR", head, runOf(1000));
    at.say("DLVR", { ...head, number: 2001 }, runOf(1000));

    const given = worker.take("DLVR").map(({ fields }) => fields["seq"]);
    expect(given).to.deep.equal([1, 2]);
    const rows = at.net.sent.flatMap(({ part }) => readSettlementRows(readSiteWord(part).map));
    const told = rows.map(({ outcome, first, count }) => [outcome, first, count]);
    expect(told).to.deep.equal([
      ["unplaced", 3, 998],
      ["unplaced", 2001, 1000],
    ]);
  });

  it("are gathers without end: so many cells are named, and the others counted", () => {
    const at = new HostileSite();
    for (let n = 0; n < 100; n++) at.victim.cell("w").catch("a", "multi");
    at.net.isHeld = true;
    at.net.sent.splice(0);
    const gather = { ask: { timeoutMs: 3_600_000, gather: true } };
    const named = (): number[] => {
      at.sayPart(runOf(300, "M EVNT ", gather));
      const words = at.net.sent.splice(0).map(({ part }) => readSiteWord(part).map["cells"]);
      return words.map((cells) => (cells as unknown[]).length);
    };
    const first = named();
    expect(first).to.deep.equal([...Array(164).fill(100), ...Array(136).fill(0)]);
    expect(at.victim.core.counters.values.gathersUnnamed).to.equal(136);
  });

  it("are answers that nobody waits for: they are counted, and nothing comes of them", () => {
    const at = new HostileSite();
    expect(at.say("SYND", { ref: 7 })).to.equal(undefined);
    expect(at.say("STLD", { done: 7 })).to.equal(undefined);
    expect(at.say("STLD", { stale: max })).to.equal(undefined);
    expect(at.victim.core.counters.values.answersUnasked).to.equal(3);
  });
});

describe("transmitter core: values that no transmitter would set", () => {
  const value = [1, true, true, 5, 30_000];

  it("are groups of more cells than keys can be bound to", () => {
    const at = new HostileSite();
    const ids = (count: number) => Array.from({ length: count }, (_, n) => idOf(n));
    expect(at.set("g w a", [...value, ids(1025)])).to.equal("TOO_LARGE");
    expect(at.group("w", "a")).to.equal(undefined);
    expect(at.set("g w a", [...value, ids(1024)])).to.equal(undefined);
  });

  it("are groups of a service that is none, or of terms that no cell may wish", () => {
    const at = new HostileSite();
    expect(at.set("g \u001b[2J$x/.. a", value)).to.equal("BAD_SERVICE");
    expect(at.set("g w $a..", value)).to.equal("BAD_PATTERN");
    expect(at.set("g w a", [1, true, true, 0, 30_000])).to.equal("BAD_PAYLOAD");
    expect(at.set("g w a", [1, true, true, 5, 99])).to.equal("BAD_PAYLOAD");
    expect(at.group("w", "a")).to.equal(undefined);
  });

  it("do no harm to what else it has set", () => {
    const at = new HostileSite();
    const values = [
      ["g w a", "nothing"],
      ["s no pattern", 1],
      ["g w b", value],
    ] as const;
    const errors = at.victim.core.sites.found(at.net.ids[1] as string, 8, values);
    expect(errors.map(({ code }) => code)).to.deep.equal(["BAD_PAYLOAD", "BAD_PATTERN"]);
    expect(at.group("w", "b")?.memberCount).to.equal(1);
  });
});
