import { readFileSync } from "node:fs";
import { expect } from "chai";

import { freshId, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

const id = freshId();
const helo = `{"id":"${id}","service":"x"`;
const m = (hex: string): Buffer => Buffer.concat([Buffer.from("M BEAT "), Buffer.from(hex, "hex")]);
const key = "a16b";

type Part = string | Buffer;

/** Messages that no transmitter takes: what is sent, the code, and a part of the message where it is worth one. */
const refused: readonly (readonly [parts: Part | readonly Part[], code: string])[] = [
  [["J BEAT {}", "extra"], "BAD_FRAME"],
  [["", "", "J BEAT {}"], "BAD_FRAME"],
  [["", "J BEAT {}", "extra"], "BAD_FRAME"],
  [Array.from({ length: 50 }, () => "J BEAT {}"), "BAD_FRAME"],
  ["J", "BAD_FRAME"],
  ["J  BEAT {}", "BAD_FRAME"],
  ["JBEAT {}", "BAD_FRAME"],
  ["J BEA {}", "BAD_FRAME"],
  ["j BEAT {}", "BAD_ENCODING"],
  ["X BEAT {}", "BAD_ENCODING"],
  [Buffer.from("\0 BEAT {}"), "BAD_ENCODING"],
  ["\ufeffJ BEAT {}", "BAD_ENCODING"],
  ["J beat {}", "BAD_COMMAND"],
  ["J FROB {}", "BAD_COMMAND"],
  ["J WLCM {}", "BAD_COMMAND"],
  ["J CNFM {}", "BAD_COMMAND"],
  ["J MARK {}", "BAD_COMMAND"],
  ["J BEAT ", "BAD_PAYLOAD"],
  ["J BEAT true", "BAD_PAYLOAD"],
  ['J BEAT "str"', "BAD_PAYLOAD"],
  ["J BEAT []", "BAD_PAYLOAD"],
  ["J BEAT null", "BAD_PAYLOAD"],
  ["J BEAT {", "BAD_PAYLOAD"],
  ["J BEAT {}\0", "BAD_PAYLOAD"],
  ['J BEAT {"a":1,}', "BAD_PAYLOAD"],
  ["J BEAT {'a':1}", "BAD_PAYLOAD"],
  ['J BEAT {"n":Infinity}', "BAD_PAYLOAD"],
  [Buffer.from([...Buffer.from('J BEAT {"a":"'), 0xc0, 0xaf, ...Buffer.from('"}')]), "BAD_PAYLOAD"],
  [Buffer.from([...Buffer.from("J BEAT "), 0x80]), "BAD_PAYLOAD"],
  [`J BEAT {"a":${"[".repeat(65)}${"]".repeat(65)}}`, "TOO_DEEP"],
  [`J BEAT {"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "TOO_DEEP"],
  [`J BEAT {${Array.from({ length: 10_001 }, (_, n) => `"k${n}":0`).join()}}`, "TOO_MANY_KEYS"],
];

/** The same in MessagePack. @see PROTOCOL.md §3.6 */
const refusedPacked: readonly (readonly [part: Buffer, code: string])[] = [
  [m(""), "BAD_PAYLOAD"],
  [m("a541"), "BAD_PAYLOAD"],
  [m("ddffffffff"), "TOO_LARGE"],
  [m("dfffffffff"), "TOO_LARGE"],
  [m("c6ffffffff41"), "BAD_PAYLOAD"],
  [m(`81${key}${"91".repeat(65)}c0`), "TOO_DEEP"],
  [m("91".repeat(1_000_000)), "TOO_DEEP"],
  [m("90"), "BAD_PAYLOAD"],
  [m("c0"), "BAD_PAYLOAD"],
  [m("a161"), "BAD_PAYLOAD"],
  [m("81a95f5f70726f746f5f5f01"), "BAD_PAYLOAD"],
  [m("810102"), "BAD_PAYLOAD"],
  [m("819001"), "BAD_PAYLOAD"],
  [m("81cb3ff000000000000001"), "BAD_PAYLOAD"],
  [m(`81${key}d46901`), "BAD_PAYLOAD"],
  [m(`81${key}c70073`), "BAD_PAYLOAD"],
  [m(`81${key}c703ff000000`), "BAD_PAYLOAD"],
  [m(`81${key}a2c0af`), "BAD_PAYLOAD"],
  [m(`8f${key}01${key}01${key}01`), "BAD_PAYLOAD"],
  [m("80c0"), "BAD_PAYLOAD"],
  [Buffer.from("M BEAT {}"), "BAD_PAYLOAD"],
];

/** Payloads that look odd and are right. @see PROTOCOL.md §3.6, §3.7, §5.4 */
const taken: readonly string[] = [
  `J HELO ${helo},"colour":{"deep":[1]}}`,
  `J HELO {"id":"${"0".repeat(40)}","service":"x","id":"${id}"}`,
  `J HELO ${helo},"__proto__":{"x":1},"toString":1}`,
  `J HELO ${helo},"a":${"[".repeat(60)}${"]".repeat(60)}}`,
];

describe("transmitter conformance: wire", () => {
  const transmitter = sharedTransmitter();

  it("answers nothing to an empty message (§3.4)", async () => {
    const cell = await RawCell.attach(transmitter);

    cell.sayParts("");
    cell.sayParts("");
    await cell.roundTrip();

    expect(cell.commands.takeAll()).to.deep.equal([]);
  });

  for (const [parts, code] of refused) {
    it(`refuses ${shown(parts)} as ${code}, and takes what comes next (§3)`, async () => {
      const cell = await RawCell.attach(transmitter);

      cell.sayParts(...(Array.isArray(parts) ? (parts as Part[]) : [parts as Part]));

      expect(await cell.error()).to.include({ code });
      await cell.catch(fresh(), "any");
    });
  }

  for (const [part, code] of refusedPacked) {
    it(`refuses M ${shown(part.toString("hex").slice(14))} as ${code} (§3.6)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding: "M" });

      cell.sayParts(part);

      expect(await cell.error()).to.include({ code });
      await cell.catch(fresh(), "any");
    });
  }

  for (const part of taken) {
    it(`takes ${shown(part)} (§3.7, §5.4)`, async () => {
      const cell = new RawCell(transmitter, { id });

      cell.sayParts(part);
      await cell.command("WLCM");
      cell.say("GBYE");
      await cell.command("GBYE");
    });
  }

  it("takes timestamps of 4, 8 and 12 bytes, and of equal keys the last (§3.6)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });

    cell.sayParts(
      m(`83${key}d6ff00000000${key}d7ff0000000000000000${key}c70cff${"00".repeat(12)}`),
    );
    await cell.roundTrip();

    expect(cell.commands.takeAll()).to.deep.equal([]);
  });

  it("takes a float of integral value for an integer in a map (§3.6)", async () => {
    const worker = await RawCell.attach(transmitter, { encoding: "M" });
    const channel = fresh();
    const { catch: number } = await worker.catch(channel, "any", { credit: 0 });
    worker.send([{ channel }, { channel }, { channel }]);

    const fields = [
      `82a5${hex("catch")}0${number as number}`,
      `a6${hex("credit")}cb4000000000000000`,
    ];
    worker.sayParts(Buffer.from(`${hex("M CRED ")}${fields.join("")}`, "hex"));

    await worker.deliveries.take(2);
    await worker.roundTrip();
    expect(worker.deliveries.takeAll()).to.deep.equal([]);
  });

  it("refuses a float that is no integer, and one too large (§3.6)", async () => {
    const cell = await RawCell.attach(transmitter, { encoding: "M" });
    for (const credit of [1.5, 2 ** 60, Number.NaN]) {
      cell.say("CTCH", { pattern: "a", mode: "any", credit });
      expect(await cell.error()).to.include({ code: "BAD_CREDIT", command: "CTCH" });
    }
  });

  it("ends the connection of a part of 8 MiB, and lives (§3.5)", async () => {
    const cell = await RawCell.attach(transmitter);
    cell.sayParts(Buffer.alloc(8 * 1024 * 1024, 0x20));
    const other = await RawCell.attach(transmitter);
    await other.catch(fresh(), "any");

    // ZeroMQ connects again, as a connection that has said nothing.
    cell.say("BEAT");
    const { fields } = await cell.commands.next(() => true, { withinMs: 10_000 });

    expect(fields).to.include({ code: "NOT_WELCOME" });
  });
});

interface Names {
  readonly channel?: unknown;
  readonly pattern?: unknown;
  readonly code: string;
}

describe("transmitter conformance: names", () => {
  const transmitter = sharedTransmitter();
  const channels = vectors("channels")["refused"] as readonly Names[];
  const patterns = vectors("patterns")["refused"] as readonly Names[];

  it("refuses every channel of the vectors that is none (§4.1, §4.5)", async () => {
    for (const { channel, code } of channels) {
      const cell = await RawCell.attach(transmitter);
      cell.say("EVNT", { channel, data: 1, seq: 1 });
      expect(await cell.error(), JSON.stringify(channel)).to.include({ code, command: "EVNT" });
      cell.close();
    }
  });

  it("refuses every pattern of the vectors that is none (§4.2, §4.5)", async () => {
    for (const { pattern, code } of patterns) {
      const cell = await RawCell.attach(transmitter);
      cell.say("CTCH", { pattern, mode: "any" });
      expect(await cell.error(), JSON.stringify(pattern)).to.include({ code, command: "CTCH" });
      cell.close();
    }
  });

  it("matches as the vectors say (§4.2, §4.3, §4.5)", async () => {
    const rows = vectors("patterns")["matches"] as readonly {
      pattern: string;
      channel: string;
      matches: boolean;
    }[];
    const asker = await RawCell.attach(transmitter);
    for (const { pattern, channel, matches } of rows) {
      const { catch: number } = await asker.catch(pattern, "multi");
      const ask = { timeoutMs: 5000 };
      const seq = asker.send({ channel: "$mesh.explain", data: { channel }, ask });
      const { data } = (await asker.answer(seq)) as { data: { matched: number } };
      expect(data.matched, `${pattern} ${channel}`).to.equal(matches ? 1 : 0);
      asker.say("DROP", { catch: number });
      await asker.command("DRPD");
    }
  });

  it("keeps upper and lower case apart (§4.1)", async () => {
    const name = fresh("Case");
    const cell = await RawCell.attach(transmitter);
    await cell.catch(name, "any");

    const seq = cell.send([{ channel: name.toLowerCase() }, { channel: name }]);

    expect((await cell.confirm(seq, "accepted")).matched).to.equal(0);
    expect((await cell.confirm(seq + 1, "accepted")).matched).to.equal(1);
  });

  it("lets no cell send on a channel of the mesh, in either encoding (§4.3)", async () => {
    const watch = await RawCell.attach(transmitter);
    const { topic } = await watch.listen("$mesh.cell.joined");
    const json = await RawCell.attach(transmitter);
    const packed = await RawCell.attach(transmitter, { encoding: "M" });
    await watch.streamed.take(2, (one) => one.topic === topic);

    json.send({ channel: "$mesh.cell.joined" });
    expect(await json.error()).to.include({ code: "DENIED", command: "EVNT" });
    const seq = packed.send({ channel: "$mesh.cell.joined" });
    expect((await packed.confirm(seq, "refused")).code).to.equal("DENIED");

    await packed.roundTrip();
    expect(watch.streamed.takeAll()).to.deep.equal([]);
  });
});

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function vectors(name: string): Record<string, unknown> {
  const url = new URL(`../../../protocol/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Record<string, unknown>;
}

function shown(parts: Part | readonly Part[]): string {
  const text = JSON.stringify(Buffer.isBuffer(parts) ? parts.toString("latin1") : parts);
  const plain = text.replace(/[^ -~]/g, "?");
  return plain.length > 60 ? `${plain.slice(0, 50)}… (${plain.length})` : plain;
}
