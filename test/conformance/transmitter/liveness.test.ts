import { expect } from "chai";

import { eventually } from "../../support/eventually.js";
import type { Fields } from "./frames.js";
import { encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter, startUnderTest } from "./under-test.js";
import { colleague, drained, work } from "./work.js";
import { isRunning } from "../../support/is-running.js";

describe("transmitter conformance: liveness", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`beats in ${encoding} about every heartbeatMs (§9.1)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      await cell.beats.next();
      const startMs = performance.now();

      await cell.beats.take(4);

      expect((performance.now() - startMs) / 4).to.be.within(150, 500);
    });

    it(`gives a silent cell in ${encoding} nothing new, and leaves it what it has (§9.1)`, async () => {
      const given = await work(transmitter, encoding, { credit: 5 });
      const { sender, worker, channel } = given;
      const seq = sender.send({ channel, data: 1 });
      const held = await worker.deliveries.next();
      const watch = await RawCell.attach(transmitter);
      await watch.listen("$mesh.cell.suspect");
      worker.beating = false;
      await watch.streamed.next(({ event }) => (event?.data as Fields)?.["id"] === worker.id);

      sender.send({ channel, data: 2 });
      await sender.confirm(seq + 1, "accepted");
      await worker.beats.take(4);
      expect(worker.deliveries.takeAll()).to.have.length(0);

      worker.settle(held);
      await sender.confirm(seq, "handled");
      expect((await worker.deliveries.next()).data).to.equal(2);
      expect(worker.commands.takeAll()).to.deep.equal([]);
    });
  }

  it("keeps a cell without presence that never beats, as long as it is connected (§9.3)", async () => {
    const cell = new RawCell(transmitter);
    cell.beating = false;
    cell.say("HELO", { id: cell.id, service: cell.service });
    await cell.command("WLCM");
    await cell.beats.take(12);

    cell.say("CTCH", { pattern: fresh(), mode: "any" });

    await cell.command("CGHT");
  });

  it("gives an id to anybody once its cell is dead (§9.3)", async () => {
    const first = await RawCell.attach(transmitter);
    const { id } = first;
    first.close();

    await eventually(async () => {
      const second = new RawCell(transmitter, { id });
      second.say("HELO", { id, service: "x" });
      const { command } = await second.commands.next();
      second.close();
      expect(command).to.equal("WLCM");
    });
  });
});

describe("transmitter conformance: draining", () => {
  it("says so to each cell, refuses events and cells without offence, settles, and ends (§9.6)", async () => {
    const transmitter = await startUnderTest();
    const given = await work(transmitter, "J");
    const { sender, worker, channel } = given;
    await worker.listen("$mesh.transmitter.draining");
    const seq = sender.send({ channel, data: 1 });
    const delivery = await worker.deliveries.next();
    await sender.confirm(seq, "accepted");
    const asked = sender.send({ channel: "$mesh.drain", ask: { timeoutMs: 5000 } });
    const answer = await sender.answer(asked);
    expect((answer["data"] as Fields)["accepted"]).to.not.equal(undefined);

    for (const cell of [sender, worker]) {
      expect((await cell.command("GBYE")).fields["reason"]).to.equal("draining");
    }
    const { event } = await worker.streamed.next();
    expect(event).to.deep.include({ data: { id: transmitter.id } });
    for (let n = 0; n < 30; n++) {
      sender.send({ channel });
      expect(await sender.error()).to.include({ code: "DRAINING", command: "EVNT" });
    }
    const stranger = new RawCell(transmitter);
    stranger.say("HELO", { id: stranger.id, service: "x" });
    expect(await stranger.error()).to.include({ code: "DRAINING", command: "HELO" });

    const ref = worker.settle(delivery);
    await worker.settled(ref);
    await sender.confirm(seq, "handled");
    await eventually(() => expect(isRunning(transmitter.pid)).to.equal(false));
  });

  it("gives work that comes back to others while it drains (§9.6)", async () => {
    const transmitter = await startUnderTest();
    const given = await work(transmitter, "M");
    const { sender, worker, channel } = given;
    const seq = sender.send({ channel });
    await worker.deliveries.next();
    const other = await colleague(transmitter, given);
    expect(await drained(other)).to.have.length(0);

    process.kill(transmitter.pid, "SIGTERM");
    await worker.command("GBYE");
    worker.say("GBYE");
    other.settle(await other.deliveries.next());

    await sender.confirm(seq, "handled");
  });
});
