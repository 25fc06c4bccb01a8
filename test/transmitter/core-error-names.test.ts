import { encodeMessagePack } from "@thynapse/protocol";
import { expect } from "chai";

import { type BenchCell, CoreBench } from "./core-bench.js";

/** Of a payload that is longer nothing is read for an error alone. */
const readBytesMax = 65_536;

describe("transmitter core: what an error names of its command (§5.5)", () => {
  it("is there before HELO, and after GBYE", () => {
    const stranger = new CoreBench().stranger();

    stranger.say("EVNT", { channel: "a", seq: 5, ref: "event" });
    stranger.say("CTCH", { pattern: "a", mode: "multi", ref: 7 });
    stranger.hello({});
    stranger.say("GBYE");
    stranger.say("DROP", { catch: 9 });

    expect(named(stranger)).to.deep.equal([
      { code: "NOT_WELCOME", command: "EVNT", seq: 5, ref: "event" },
      { code: "NOT_WELCOME", command: "CTCH", ref: 7 },
      { code: "NOT_WELCOME", command: "DROP", catch: 9 },
    ]);
  });

  it("is there in the other encoding than that of the HELO, both ways", () => {
    const bench = new CoreBench();
    const json = bench.cell("greeter");
    const packed = bench.cell("greeter", { encoding: "M" });

    const drop = encodeMessagePack({ catch: 9, ref: "mine" });
    json.sayPart(Buffer.concat([Buffer.from("M DROP "), drop]));
    packed.sayPart('J EVNT {"channel":"a","seq":4}');

    expect(named(json)).to.deep.equal([
      { code: "BAD_ENCODING", command: "DROP", catch: 9, ref: "mine" },
    ]);
    expect(named(packed)).to.deep.equal([{ code: "BAD_ENCODING", command: "EVNT", seq: 4 }]);
  });

  it("is there while the transmitter drains", () => {
    const bench = new CoreBench();
    const sender = bench.cell("sender");
    const stranger = bench.stranger();
    bench.cell("worker").catch("a", "any");
    sender.send("a");
    bench.turn(() => bench.core.drain(bench.nowMs));

    sender.send("a", { ref: "R2" });
    stranger.say("HELO", { id: stranger.id, service: "late", ref: "again" });

    expect(named(sender)).to.deep.equal([{ code: "DRAINING", command: "EVNT", seq: 2, ref: "R2" }]);
    expect(named(stranger)).to.deep.equal([{ code: "DRAINING", command: "HELO", ref: "again" }]);
  });

  it("is there of a command that is unknown", () => {
    const cell = new CoreBench().cell("greeter");

    cell.say("FROB", { ref: "mine" });

    expect(named(cell)).to.deep.equal([{ code: "BAD_COMMAND", command: "FROB", ref: "mine" }]);
  });

  it("is left out where it cannot be read, and that changes no code", () => {
    const stranger = new CoreBench().stranger();

    for (const payload of ['{"seq":1', '[{"seq":1}]', "\x81\xa3seq\x01", "[".repeat(60_000)]) {
      stranger.sayPart(`J EVNT ${payload}`);
    }
    // Those of a run are no fields of a map.
    stranger.sayPart(Buffer.concat([Buffer.from("M EVNT "), encodeMessagePack({ seq: 1 })]));

    const nothing = { code: "NOT_WELCOME", command: "EVNT" };
    expect(named(stranger)).to.deep.equal(Array.from({ length: 5 }, () => nothing));
  });

  it("is read for the error alone in 64 KiB at most", () => {
    const stranger = new CoreBench().stranger();
    const payload = (bytes: number): string => {
      const [head, tail] = ['{"seq":1,"data":"', '"}'];
      return head + "x".repeat(bytes - head.length - tail.length) + tail;
    };

    stranger.sayPart(`J EVNT ${payload(readBytesMax)}`);
    stranger.sayPart(`J EVNT ${payload(readBytesMax + 1)}`);

    expect(named(stranger)).to.deep.equal([
      { code: "NOT_WELCOME", command: "EVNT", seq: 1 },
      { code: "NOT_WELCOME", command: "EVNT" },
    ]);
  });
});

/** The errors that a cell was told, without their words. */
function named(cell: BenchCell): object[] {
  const words = new Set(["message", "hint"]);
  return cell
    .take("ERRO")
    .map(({ fields }) =>
      Object.fromEntries(Object.entries(fields).filter(([it]) => !words.has(it))),
    );
}
