import { encodeMessagePack } from "@thynapse/protocol";
import { expect } from "chai";

import { refusalOf } from "../protocol/refusal.js";
import type { Anycatch } from "../../cell-sdk/src/core/anycatch.js";
import { ack, deliver, settled, take, working } from "./working.js";

describe("cell: settlements", () => {
  it("of neighbours go out as one range, once a turn", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3] });
    deliver(rig, { number: 4 }, { first: 4, bodies: [4] });
    rig.act(() => {
      for (let n = 0; n < 4; n++) ack(supply);
    });

    expect(rig.last("SETL").map).to.deep.equal({
      catch: 1,
      origin: "o1",
      ref: 1,
      settled: [[0, 1, 4, 1]],
    });
  });

  it("are told apart by outcome, attempt and origin, with rising references", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3, 4] });
    deliver(rig, { number: 5, attempt: 2 }, { first: 5, bodies: [5] });
    deliver(rig, { origin: "o2", number: 6 }, { first: 6, bodies: [6] });
    rig.act(() => {
      for (const settle of ["ack", "nack", "release", "reject", "ack", "ack"] as const) {
        const delivery = take(supply);
        delivery[settle]("why");
        supply.finished(delivery);
      }
    });

    expect(rig.all("SETL").map(({ map }) => [map["origin"], map["ref"]])).to.deep.equal([
      ["o1", 1],
      ["o2", 2],
    ]);
    expect(settled(rig)).to.deep.equal([
      [0, 1, 1, 1],
      [1, 2, 1, 1, { reason: "why" }],
      [2, 3, 1, 1],
      [3, 4, 1, 1, { reason: "why" }],
      [0, 5, 1, 2],
      [0, 6, 1, 1],
    ]);
  });

  it("carry the result of an ask, and of nothing else", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1], extras: { ask: { timeoutMs: 5 } } });
    deliver(rig, { number: 2 }, { first: 2, bodies: [2] });
    rig.act(() => {
      ack(supply, "answer");
      ack(supply, "nobody asked");
    });

    expect(settled(rig)).to.deep.equal([
      [0, 1, 1, 1, { result: [2, encodeMessagePack("answer")] }],
      [0, 2, 1, 1],
    ]);
  });

  it("carry the outputs of the handler, alone in their command, and wait for their confirm", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1] });
    const delivery = take(supply);
    delivery.send("out.x", { n: 1 }, { key: "k" });
    delivery.send("out.y", Buffer.from("b"));
    rig.act(() => delivery.ack());

    expect(settled(rig)).to.deep.equal([
      [
        0,
        1,
        1,
        1,
        {
          outputs: [
            ["out.x", 2, encodeMessagePack({ n: 1 }), { key: "k" }],
            ["out.y", 0, Buffer.from("b")],
          ],
        },
      ],
    ]);
    expect(supply.keptCount).to.equal(1);
    rig.hear("CNFM", { settled: [[1, 1]] });
    expect(supply.keptCount).to.equal(0);
    expect(rig.core.settlements.isEmpty).to.equal(true);
  });

  it("are confirmed by any range that holds their references, and by nothing that is none", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3, 4, 5] });
    for (let n = 0; n < 5; n++) {
      const delivery = take(supply);
      delivery.send("out", n);
      rig.act(() => delivery.ack());
      supply.finished(delivery);
    }

    rig.hear("CNFM", {
      settled: [
        [-1, 5],
        [0, 5],
        [5, 1],
        [1, 2 ** 53],
        [1.5, 5],
        [6, 9],
      ],
    });
    expect(supply.keptCount).to.equal(5);
    rig.hear("CNFM", { settled: [[4, 4]] });
    expect(supply.keptCount).to.equal(4);
    rig.hear("CNFM", { settled: [[2, 4]] });
    expect(supply.keptCount).to.equal(2);
    rig.hear("CNFM", { settled: [[2, Number.MAX_SAFE_INTEGER]] });
    expect(supply.keptCount).to.equal(1);
    rig.hear("CNFM", { settled: [[1, 1]] });
    expect(rig.core.settlements.isEmpty).to.equal(true);
  });

  it("refuse outputs beyond 1 MiB together, bad ones, and those behind the settlement", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1] });
    const delivery = take(supply);
    const half = Buffer.alloc(600_000);
    delivery.send("out", half);

    expect(refusalOf(() => delivery.send("out", half)).code).to.equal("TOO_LARGE");
    expect(refusalOf(() => delivery.send("$mesh.x", 1)).code).to.equal("DENIED");
    expect(refusalOf(() => delivery.send("out", 1, { ttlMs: 0 })).code).to.equal("BAD_TTL");
    delivery.ack();
    expect(refusalOf(() => delivery.send("out", 1)).code).to.equal("STALE_ATTEMPT");
    rig.act(() => undefined);
    expect(settled(rig)).to.have.length(1);
  });

  it("refuse outputs whose options cannot travel, alone or all together (§3.5, §3.6, §10.6)", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2, 3, 4] });
    rig.act(() => {
      const half = take(supply);
      const headers = { user: "ann😀".slice(0, 4) };
      expect(refusalOf(() => half.send("out", 1, { headers })).code).to.equal("BAD_OPTION");
      half.ack();
      supply.finished(half);
      const refusals = [
        sendAll(supply, 600, { headers: { x: "y".repeat(8000) } }),
        sendAll(supply, 10_001, { key: "k" }),
        sendAll(supply, 16_385),
      ];
      expect(refusals).to.deep.equal(["TOO_LARGE", "TOO_MANY_KEYS", "TOO_LARGE"]);
    });

    const [plain, ...sending] = settled(rig) as [number, number, number, number, object][];
    expect(plain).to.deep.equal([0, 1, 1, 1]);
    const counts = sending.map(([, , , , detail]) => (detail as { outputs: [] }).outputs.length);
    expect(counts).to.deep.equal([130, 9984, 16_384]);
  });

  it("carry the options of an output as they were when it was sent", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1] });
    const delivery = take(supply);
    const headers = { user: "ann" };
    delivery.send("out", 1, { headers });
    headers.user = "bob";
    rig.act(() => delivery.ack());

    expect(settled(rig)).to.deep.equal([
      [0, 1, 1, 1, { outputs: [["out", 2, encodeMessagePack(1), { headers: { user: "ann" } }]] }],
    ]);
  });

  it("cut a reason to 1024 characters, and replace the half of one that this leaves", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2] });
    rig.act(() => {
      for (const text of [`${"x".repeat(1023)}😀 is no order`, "😀".slice(1)]) {
        const delivery = take(supply);
        delivery.nack(text);
        supply.finished(delivery);
      }
    });

    expect(settled(rig)).to.deep.equal([
      [1, 1, 1, 1, { reason: `${"x".repeat(1023)}\ufffd` }],
      [1, 2, 1, 1, { reason: "\ufffd" }],
    ]);
  });

  it("take as many commands as the keys of their details need (§3.6)", () => {
    const { rig, supply } = working({ concurrency: 1, credit: 20_000 });
    const bodies = Array.from({ length: 11_000 }, () => 1);
    deliver(rig, {}, { bodies, extras: { ask: { timeoutMs: 5 } } });
    rig.act(() => {
      for (let n = 0; n < 11_000; n++) ack(supply, n);
    });

    const counts = rig.all("SETL").map(({ map }) => (map["settled"] as []).length);
    expect(counts).to.deep.equal([8192, 2808]);
  });

  it("nack what cannot be written, and nothing else", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1, 2] });
    const delivery = take(supply);
    const told: boolean[] = [];
    const source = {
      catchNumber: 1,
      confirmed: (_delivery: unknown, isTaken: boolean) => void told.push(isTaken),
    };
    rig.act(({ settlements }) => {
      settlements.plain(source, "ack", { name: { origin: "o1", attempt: 1 }, number: 2 });
      settlements.add(source, delivery, "ack", { reason: "😀".slice(1) });
    });

    const reason = "the settlement cannot be written: BAD_PAYLOAD";
    expect(settled(rig)).to.deep.equal([
      [0, 2, 1, 1],
      [1, 1, 1, 1, { reason }],
    ]);
    expect(told).to.deep.equal([false]);
  });

  it("count the first outcome only", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1] });
    const delivery = take(supply);
    rig.act(() => {
      delivery.release();
      delivery.ack();
      delivery.reject("late");
    });

    expect(settled(rig)).to.deep.equal([[2, 1, 1, 1]]);
  });

  it("that were stale are forgotten, not repeated", () => {
    const { rig, supply } = working();
    deliver(rig, {}, { bodies: [1] });
    rig.act(() => ack(supply));

    const stale = { code: "STALE_ATTEMPT", message: "late", command: "SETL", ref: 1 };
    rig.hear("ERRO", stale);

    expect(rig.core.settlements.isEmpty).to.equal(true);
    expect(rig.core.settlements.stale).to.equal(1);
  });

  it("begins an event that was nacked here anew, though the nack is not confirmed yet (§10.4)", () => {
    const { rig, supply } = working();
    deliver(rig, { number: 1, attempt: 1 }, { bodies: ["a"] });
    const first = take(supply);
    first.nack("not now");
    supply.finished(first);
    rig.act(() => undefined);

    deliver(rig, { number: 1, attempt: 2, repeat: true }, { bodies: ["a"] });

    expect(take(supply).batch.attempt).to.equal(2);
  });
});

/** Sends outputs until one is refused, acks, and returns the code of the refusal. */
function sendAll(supply: Anycatch, count: number, options?: Record<string, unknown>): string {
  const delivery = take(supply);
  const { code } = refusalOf(() => {
    for (let n = 0; n < count; n++) delivery.send("b", 1, options);
  });
  delivery.ack();
  supply.finished(delivery);
  return code;
}
