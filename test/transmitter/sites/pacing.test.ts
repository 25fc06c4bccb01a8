import { RunWriter, type SeqRange } from "@thynapse/protocol";
import { expect } from "chai";

import { Pacing } from "../../../transmitter/src/core/sites/pacing.js";
import { commandOf } from "../../../transmitter/src/core/sites/site-words.js";
import { drain } from "./ending.js";
import { stranger } from "./hostile-stand.js";
import { narrowBytes, NarrowLink } from "./narrow-link.js";

const patterns = ["jobs.*", "jobs.a", "jobs.**"];

describe("what there is to tell another transmitter of much (§18.2)", () => {
  it("comes as acks come, and does not make the link begin anew that has just begun so", () => {
    const link = new NarrowLink();
    const done = settledForPeer(link, 300);

    link.bench.turn(link.begunAnew);
    expect(link.anew).to.equal(1);
    expect(link.near.unackedBytes).to.be.within(1, narrowBytes);
    link.pass(5000);

    expect(link.anew).to.equal(1);
    expect(sorted(link.settled())).to.deep.equal(sorted(done));
  });

  it("is told from the start where the link begins anew with it, and then once", () => {
    const link = new NarrowLink();
    settledForPeer(link, 465);
    link.near.send(Buffer.alloc(1900), link.bench.nowMs);

    link.bench.turn(link.begunAnew);
    expect(link.anew).to.equal(2);
    link.pass(5000);

    const told = link.wordsOf("CLAM").map(({ pattern }) => pattern);
    expect(told).to.deep.equal(["jobs.*", ...patterns]);
  });

  it("is told, too, where the link begins anew with the last of something else", () => {
    const link = new NarrowLink();
    const done = settledForPeer(link, 300);
    link.near.send(Buffer.alloc(1900), link.bench.nowMs);
    link.bench.cell("other", { session: 2, claims: [claimOf("jobs.a", 155)] });
    expect(link.anew).to.equal(1);
    link.pass(5000);

    const settled = link.settled().filter(({ sender }) => sender !== stranger);
    expect(sorted(settled)).to.deep.equal(sorted(done));
  });

  it("is not told any more when that one is lost", () => {
    const link = new NarrowLink();
    settledForPeer(link, 300);
    const { bench, peer } = link;
    bench.turn(link.begunAnew);
    link.pass(100);
    expect(link.settled()).to.have.length(100);

    bench.turn(() => bench.core.sites.lost(peer, bench.nowMs, false));
    link.pass(1000);
    expect(link.settled()).to.have.length(100);
  });

  it("is known not to come, but for what was sent, when it is dropped", () => {
    const link = new NarrowLink();
    const { peer, bench } = link;
    const pacing = new Pacing({ links: () => link.links, limits: { linkBytesMax: narrowBytes } });
    const ends: boolean[] = [];
    const words = [1, 2, 3].map(() => Buffer.alloc(3000));
    pacing.tell(
      peer,
      () => words,
      bench.nowMs,
      (isTaken) => ends.push(isTaken),
    );
    pacing.drop(peer);
    expect(ends).to.deep.equal([false, false]);

    link.pass(1000);
    expect(ends).to.deep.equal([false, false, true]);
  });

  it("is what a sender repeats, too: no SYND overtakes what is asked about it", () => {
    const link = new NarrowLink();
    const { bench } = link;
    bench.cell("worker").catch("a", "any", { credit: 1000 });
    link.pass(2000);
    bench.turn(() => {
      for (let n = 0; n < 5; n++) {
        const sender = bench.stranger("M");
        sender.hello({ service: "sender", session: 2 });
        sender.sayPart(holes(sender.id, 90));
      }
    });
    link.say("SYNC", { ref: 7 });
    link.pass(3000);

    const words = link.taken.map(commandOf).filter((word) => ["SEEK", "SYND"].includes(word));
    expect(words).to.deep.equal(["SEEK", "SEEK", "SEEK", "SEEK", "SEEK", "SYND"]);
    expect(link.anew).to.equal(0);
  });

  it("lets no more wait behind it than the ring of a link holds", () => {
    const link = new NarrowLink();
    settledForPeer(link, 300);
    link.isHeard = false;
    link.bench.turn(link.begunAnew);
    for (let ref = 1; ref <= 50; ref++) link.say("SYNC", { ref });
    expect(link.anew).to.equal(1);

    for (let ref = 51; ref <= 1000; ref++) link.say("SYNC", { ref });
    expect(link.anew).to.be.above(1);
  });

  it("is what a cell claims that came from elsewhere", () => {
    const link = new NarrowLink();
    const claims = patterns.map((pattern) => claimOf(pattern, 90));
    link.bench.cell("worker", { session: 2, claims });
    link.pass(3000);

    expect(link.settled()).to.have.length(270);
    expect(link.anew).to.equal(0);
  });
});

describe("the last words of one that drains (§18.7)", () => {
  it("are all heard, however many there are, and waited for from the last one on", () => {
    const { link, handled } = draining();
    const { core } = link.bench;
    drain(link.bench);
    for (let n = 0; n < 10 && core.state !== "stopped"; n++) link.pass(1500, 1500);

    expect(core.state).to.equal("stopped");
    expect(link.anew).to.equal(0);
    expect(sorted(link.settled())).to.deep.equal(sorted(handled));
  });

  it("end 2 s after the last one that the other side has taken", () => {
    const { link } = draining();
    drain(link.bench);
    link.bench.pass(2400);
    expect(link.bench.core.state).to.equal("draining");

    link.bench.pass(200);
    expect(link.bench.core.state).to.equal("stopped");
  });

  it("are said again when the link begins anew", () => {
    const { link, handled } = draining();
    drain(link.bench);
    link.bench.pass(600);
    // What was under way is lost.
    link.near.drop();
    link.bench.turn(link.begunAnew);
    link.near.up(link.bench.nowMs);
    link.pass(5000);

    expect(sorted(link.settled())).to.deep.equal(sorted(handled));
  });
});

/** A transmitter whose cell has settled what so many senders of the other one sent, in 3 groups. */
function settledForPeer(link: NarrowLink, senders: number): SeqRange[] {
  const worker = link.bench.cell("worker");
  for (const pattern of patterns) worker.catch(pattern, "any", { credit: 1000 });
  const done = Array.from({ length: senders }, (_, at) => {
    const sender = (1000 + at).toString(16).padStart(40, "0");
    const pattern = patterns[at % patterns.length];
    const head = { service: "worker", pattern, number: at + 1, attempt: 1, repeat: false };
    link.say("DLVR", head, one(sender));
    return { sender, first: 1, last: 1 };
  });
  for (const delivery of worker.take("DLVR")) {
    worker.settle(delivery);
    link.carry();
  }
  link.pass(200);
  link.taken.splice(0);
  return done;
}

/** One that can drain at once, and knows of 300 senders what is handled, in 3 groups. */
function draining() {
  const link = new NarrowLink({ drainTimeoutMs: 500 });
  const { bench } = link;
  const worker = bench.cell("worker");
  for (const pattern of patterns) worker.catch(pattern, "any", { credit: 1000 });
  const senders = Array.from({ length: 100 }, () => bench.cell("sender"));
  for (const sender of senders) sender.send("jobs.a");
  for (const delivery of worker.take("DLVR")) worker.settle(delivery);
  link.pass(200);
  link.taken.splice(0);
  const handled = patterns.flatMap(() =>
    senders.map(({ id }) => ({ sender: id, first: 1, last: 1 })),
  );
  return { link, handled };
}

/** What a cell says to have settled: so many events of which none follows the other. */
function claimOf(pattern: string, count: number): object {
  const settled = Array.from({ length: count }, (_, at) => [stranger, 2 * at + 1, 2 * at + 1]);
  return { pattern, held: [], settled };
}

/** A run of one event. */
function one(sender: string): Buffer {
  const writer = new RunWriter(64);
  writer.append("jobs.a", 1, Buffer.from("1"), 1);
  const header = { sender, service: "s", session: 1, floor: 1, first: 1, time: 5 };
  return writer.close(header, Buffer.alloc(0));
}

/** A run of so many events that a sender repeats, of which none follows the other. */
function holes(sender: string, count: number): Buffer {
  const writer = new RunWriter(1024);
  for (let n = 0; n < count; n++) writer.append("a", 1, Buffer.from("1"), n === 0 ? 1 : 2);
  const header = { sender, service: "sender", session: 1, floor: 1, first: 1, time: 5 };
  return writer.close(header, Buffer.from("M EVNT "));
}

function sorted(ranges: readonly SeqRange[]): string[] {
  return ranges.map(({ sender, first, last }) => `${sender} ${first} ${last}`).toSorted();
}
