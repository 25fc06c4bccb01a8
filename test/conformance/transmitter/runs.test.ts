import { readFileSync } from "node:fs";
import { expect } from "chai";

import { runFrame } from "./frames.js";
import { fresh, freshId } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

interface Row {
  readonly name: string;
  readonly bytes: string;
  readonly code: string;
  readonly header: { readonly sender: string; readonly service: string; readonly cell?: string };
  readonly events: readonly { readonly seq: number; readonly channel: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../protocol/vectors/runs.json", import.meta.url), "utf8"),
) as Record<"valid" | "readable" | "refused", readonly Row[]>;

describe("transmitter conformance: runs", () => {
  const transmitter = sharedTransmitter();
  const sender = "11".repeat(20);
  const service = "greeter";

  for (const row of [...vectors.valid, ...vectors.readable].filter(isCells)) {
    it(`takes the run of ${row.name} (§7)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding: "M", id: sender, service });

      cell.sayParts(Buffer.from(`${head}${row.bytes}`, "hex"));

      for (const { seq } of row.events) await cell.confirm(seq, "accepted");
      cell.say("GBYE");
      await cell.command("GBYE");
    });
  }

  for (const row of vectors.refused) {
    it(`refuses the run of ${row.name} whole, as ${row.code} (§5.7, §7.9)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding: "M", id: sender, service });

      cell.sayParts(Buffer.from(`${head}${row.bytes}`, "hex"));

      // A payload is never empty (§3.6), before it is a run.
      const code = row.bytes === "" ? "BAD_PAYLOAD" : row.code;
      expect(await cell.error()).to.include({ code, command: "EVNT" });
      cell.say("GBYE");
      await cell.command("GBYE");
      expect(cell.confirms.takeAll()).to.deep.equal([]);
    });
  }

  it("takes nothing of a run whose last event is malformed (§7.9)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    const channel = fresh();
    await cell.listen(channel);
    const good = [{ channel }, { channel }];

    cell.sayParts(runFrame({ ...cell.runHeader(), first: 1 }, [...good, { channel, ttlMs: 0 }]));
    expect(await cell.error()).to.include({ code: "BAD_TTL" });
    cell.sayParts(runFrame({ ...cell.runHeader(), first: 1 }, good));

    expect(await cell.confirm(1, "accepted")).to.deep.include({ matched: 1 });
    expect((await cell.streamed.take(2)).map(({ number }) => number)).to.deep.equal([1, 2]);
    expect(cell.streamed.takeAll()).to.deep.equal([]);
  });

  it("takes what is new in a run that overlaps what it knows (§7.4, §11.3)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    const channel = fresh();
    await cell.listen(channel);
    cell.send([{ channel }, { channel }]);
    await cell.confirm(2, "handled");
    cell.confirms.takeAll();

    cell.send([{ channel }, { channel }, { channel }], { first: 2 });

    expect((await cell.confirm(2, "accepted")).repeat).to.equal(true);
    for (const seq of [3, 4])
      expect(await cell.confirm(seq, "accepted")).to.include({ matched: 1 });
    const seqs = (await cell.streamed.take(4)).map(({ event }) => event?.seq);
    expect(seqs).to.deep.equal([1, 2, 3, 4]);
  });

  it("refuses runs of another sender or service than those of the HELO (§7.3)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    const channel = fresh();

    cell.send({ channel }, { sender: Buffer.from(freshId(), "hex") });
    expect(await cell.error()).to.include({ command: "EVNT" });
    cell.send({ channel }, { service: "other" });
    expect(await cell.error()).to.include({ command: "EVNT" });

    cell.send({ channel }, { first: 1 });
    await cell.confirm(1, "handled");
  });

  it("takes runs of many events and channels, and confirms each (§7.1)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    const word = fresh();
    const events = Array.from({ length: 2000 }, (_, n) => ({ channel: `${word}.${n % 300}` }));

    cell.send(events);

    for (const seq of [1, 1000, 2000]) await cell.confirm(seq, "handled");
  });
});

const head = Buffer.from("M EVNT ").toString("hex");

function isCells({ header, events }: Row): boolean {
  const system = events.some(({ channel }) => channel.startsWith("$"));
  return header.sender === "11".repeat(20) && header.cell === undefined && !system;
}
