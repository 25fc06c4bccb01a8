import { expect } from "chai";

import type { CoreBench } from "../core-bench.js";
import { die } from "../core-work.js";
import { isEvent } from "./apart.js";
import { SiteNet } from "./site-net.js";

describe("transmitter core: streams of a mesh", () => {
  it("publishes an event once on the streams of each transmitter that has some (§18.3)", () => {
    const net = new SiteNet(3);
    const [a, b, c] = net.benches as [CoreBench, CoreBench, CoreBench];
    const sender = a.cell("sender");
    const near = a.cell("near").catch("x.*", "multi");
    const far = b.cell("far").catch("x.**", "multi");

    sender.send("x.1");

    expect(a.stream(near["topic"]).filter(isEvent)).to.have.length(1);
    expect(b.stream(far["topic"]).filter(isEvent)).to.have.length(1);
    expect(c.published.filter(isEvent)).to.have.length(0);
    expect(sender.confirms()).to.deep.equal(["1 accepted 2", "1 handled"]);
  });

  it("goes on publishing on a stream elsewhere that is kept for its last cell (§8.7)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const far = b.cell("far");
    const { topic } = far.catch("x", "multi");
    const sender = a.cell("sender");
    die(b, far);

    sender.send("x");

    expect(sender.confirms()).to.include("1 accepted 0");
    expect(b.stream(topic).filter(isEvent)).to.have.length(1);
  });

  it("says handled only when every transmitter has taken the event (§11.2)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    b.cell("far").catch("x", "multi");
    const sender = a.cell("sender");

    net.isHeld = true;
    sender.send("x");
    expect(sender.confirms()).to.deep.equal(["1 accepted 1"]);

    net.pump();
    expect(sender.confirms()).to.deep.equal(["1 handled"]);
  });

  it("gathers from the cells of all transmitters (§12.5)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const near = a.cell("near");
    const far = b.cell("far");
    for (const cell of [near, far]) cell.catch("g", "multi");
    const asker = a.cell("asker");

    const seq = asker.send("g", { ask: { timeoutMs: 1000, gather: true } });
    const { cells } = asker.takeOne("ANSR").fields as { cells: { id: string }[] };
    expect(cells.map(({ id }) => id).sort()).to.deep.equal([near.id, far.id].sort());
    for (const cell of [near, far])
      cell.say("RPLY", { catch: 1, to: asker.id, seq, data: cell.id });

    const states = asker.take("ANSR").map(({ fields }) => fields["state"]);
    expect(states).to.deep.equal(["result", "result", "end"]);
  });

  it("waits for no dead transmitter with a gather, though it stays in the routes (§18.8)", () => {
    const { net, near, gather, reply, answers } = gathering();
    net.bury(0, 1);

    const seq = gather();
    const cells = [{ id: near.id, service: "near" }];
    expect(answers()).to.deep.equal([{ seq, state: "expect", cells }]);

    reply(seq);
    expect(answers().map(({ state }) => state)).to.deep.equal(["result", "end"]);
  });

  it("waits no more for whom a gather reaches where the link has begun anew (§18.8)", () => {
    const { net, gather, reply, answers } = gathering();
    const [a] = net.benches as [CoreBench];
    net.isHeld = true;
    reply(gather());
    expect(answers().map(({ state }) => state)).to.deep.equal(["result"]);

    net.sent.splice(0);
    a.turn(() => a.core.sites.begunAnew(net.ids[1] as string, a.nowMs));

    expect(answers().map(({ state }) => state)).to.deep.equal(["expect", "end"]);
  });

  it("tells cells how many events they missed while their transmitter was held for dead (§18.9)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const cell = b.cell("far");
    const { catch: number, topic } = cell.catch("x.*", "multi");
    const sender = a.cell("sender");

    net.bury(0, 1);
    for (const channel of ["x.1", "y", "x.2"]) sender.send(channel);
    expect(sender.confirms()).to.include("1 accepted 0");
    net.dig(0, 1);
    sender.send("x.3");

    const [hole] = b.stream(topic).filter(({ command }) => command === "MARK");
    expect(hole?.fields["last"]).to.equal(2);
    cell.say("MISS", { catch: number, first: 1, count: 2 });
    const gone = cell.take("RPAR").map(({ fields }) => [fields["first"], fields["gone"]]);
    expect(gone).to.deep.equal([
      [1, true],
      [2, true],
    ]);
    expect(
      b
        .stream(topic)
        .filter(isEvent)
        .map(({ first }) => first),
    ).to.deep.equal([3]);
  });

  it("counts what did not come through as gone when a cell asks for it (§13)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const cell = b.cell("far");
    const { catch: number } = cell.catch("x", "multi");
    const { topic } = b.cell("watch").catch("$mesh.cell.slow", "multi");
    const sender = a.cell("sender");
    net.bury(0, 1);
    for (let n = 0; n < 3; n++) sender.send("x");
    net.dig(0, 1);

    cell.say("MISS", { catch: number, first: 1, count: 3 });

    const [told] = b.stream(topic).filter(isEvent);
    expect(told?.fields["data"]).to.include({ id: cell.id, missed: 3, gone: 3 });
    expect(b.core.counters.values.eventsGone).to.equal(3);
  });

  it("leaves a hole that nobody has counted where an origin had lived on without us (§18.12)", () => {
    const net = new SiteNet(2);
    const [, b] = net.benches as [CoreBench, CoreBench];
    const cell = b.cell("far");
    const { catch: number, topic } = cell.catch("x", "multi");

    b.turn(() => b.core.sites.livedOn());

    const [hole] = b.stream(topic).filter(({ command }) => command === "MARK");
    expect(hole?.fields["last"]).to.equal(1);
    cell.say("MISS", { catch: number, first: 1, count: 1 });
    expect(cell.takeOne("RPAR").fields).to.include({
      first: 1,
      count: 1,
      gone: true,
      uncounted: true,
    });
  });

  it("leaves one in streams that one held for dead did not know, when that lives (§18.10)", () => {
    const net = new SiteNet(2);
    const [, b] = net.benches as [CoreBench, CoreBench];
    const lastOf = (topic: unknown): unknown => b.stream(topic).at(-1)?.fields["last"];
    const { topic: older } = b.cell("far").catch("x", "multi");
    net.bury(0, 1);
    net.bury(1, 0);
    const { topic: younger } = b.cell("far").catch("y", "multi");

    net.dig(0, 1);
    net.dig(1, 0);

    expect([lastOf(older), lastOf(younger)]).to.deep.equal([undefined, 1]);
  });

  it("leaves one in all of them when one lives that was dead for so long as to be forgotten", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const lastOf = (bench: CoreBench, topic: unknown): unknown => {
      return bench.stream(topic).at(-1)?.fields["last"];
    };
    const far = b.cell("far");
    const { topic: here } = a.cell("near").catch("x", "multi");
    const { topic: there, catch: number } = far.catch("x", "multi");
    for (const [at, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      net.bury(at, other);
      net.benches[at]?.core.sites.forgotten(net.ids[other] as string);
    }
    a.cell("sender").send("x");
    expect(a.core.counters.values.eventsLostOnLink).to.equal(0);

    net.dig(0, 1);
    net.dig(1, 0);

    // The event that was sent meanwhile, and the hole.
    expect([lastOf(a, here), lastOf(b, there)]).to.deep.equal([2, 1]);
    far.say("MISS", { catch: number, first: 1, count: 1 });
    expect(far.takeOne("RPAR").fields).to.include({ gone: true, uncounted: true });
  });

  it("tells of it again where that was lost, too, with a link that began anew (§18.9)", () => {
    const net = new SiteNet(2);
    const [a, b] = net.benches as [CoreBench, CoreBench];
    const { topic } = b.cell("far").catch("x", "multi");
    const sender = a.cell("sender");
    net.bury(0, 1);
    sender.send("x");
    net.isHeld = true;
    net.dig(0, 1);
    for (const { done } of net.sent.splice(0)) a.turn(() => done?.(false));
    net.isHeld = false;
    sender.send("y");

    const marks = b.stream(topic).filter(({ command }) => command === "MARK");
    expect(marks.map(({ fields }) => fields["last"])).to.deep.equal([1]);
  });
});

/** Two transmitters with a cell each that catches `g`, and one at the first that asks them all. */
function gathering() {
  const net = new SiteNet(2);
  const [a, b] = net.benches as [CoreBench, CoreBench];
  const [near, far, asker] = [a.cell("near"), b.cell("far"), a.cell("asker")];
  for (const cell of [near, far]) cell.catch("g", "multi");
  return {
    ...{ net, near },
    gather: () => asker.send("g", { ask: { timeoutMs: 1000, gather: true } }),
    reply: (seq: number) => near.say("RPLY", { catch: 1, to: asker.id, seq, data: 1 }),
    answers: () => asker.take("ANSR").map(({ fields }) => fields),
  };
}
