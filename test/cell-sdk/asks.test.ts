import { encodeMessagePack, encodeExtras, type FieldMap, MeshError } from "@thynapse/protocol";
import { expect } from "chai";

import { type AskTermsKept, type AskWatcher, DeafWatcher } from "../../cell-sdk/src/core/asks.js";
import { CoreRig } from "./core-rig.js";

const worker = { id: "ab".repeat(20), service: "worker" };
const other = { id: "cd".repeat(20), service: "worker" };

interface Asked {
  readonly rig: CoreRig;
  readonly heard: unknown[];
  readonly answer: (fields: FieldMap) => void;
}

function asked(terms: Partial<AskTermsKept> = {}): Asked {
  const rig = CoreRig.welcome();
  const heard: unknown[] = [];
  const note =
    (name: string) =>
    (...rest: readonly unknown[]): void =>
      void heard.push([name, ...rest]);
  const watcher: AskWatcher = {
    result: note("result"),
    part: note("part"),
    restarted: note("restarted"),
    expected: note("expected"),
    gone: note("gone"),
    cellFailed: ({ code }, { id }) => heard.push(["cellFailed", code, id]),
    ended: note("ended"),
    failed: ({ code }) => heard.push(["failed", code]),
  };
  const kept = { timeoutMs: 1000, gather: false, parts: false, restart: false, ...terms };
  const extras = encodeExtras({ ask: { timeoutMs: kept.timeoutMs } });
  rig.act((core) => core.ask({ channel: "q", data: 1, extras }, kept, watcher));
  return {
    rig,
    heard,
    answer: (fields) => rig.hear("ANSR", { seq: 1, ...fields }),
  };
}

const body = (value: unknown) => [2, encodeMessagePack(value)];

describe("cell: asks (§12)", () => {
  it("are events that ask, answered by the result", () => {
    const { rig, heard, answer } = asked();
    expect(rig.last("EVNT").run!.extrasAt(0)).to.deep.equal({ ask: { timeoutMs: 1000 } });

    answer({ state: "result", from: worker, body: body({ n: 7 }) });
    answer({ state: "result", from: other, body: body("late") });

    expect(heard).to.deep.equal([["result", { n: 7 }, worker], ["ended"]]);
  });

  it("are answered by one command for many, too (§12.6)", () => {
    const { rig, heard } = asked();
    const result = { seq: 1, state: "result", from: worker, body: body("found") };

    rig.hear("ANSR", { answers: [{ seq: 9, state: "end", from: worker }, result] });

    expect(heard).to.deep.equal([["result", "found", worker], ["ended"]]);
  });

  it("count as accepted once they are answered: the next one does not wait for the confirm", () => {
    const { rig, answer } = asked();
    for (let more = 0; more < 16; more++) {
      rig.act((core) => core.outbox.send("a", more));
      rig.act((core) => core.flushSends());
    }
    expect(rig.all("EVNT")).to.have.length(16);

    answer({ state: "end", from: worker });
    expect(rig.all("EVNT")).to.have.length(17);
  });

  it("end without a result where the handler returned nothing", () => {
    const { heard, answer } = asked();
    answer({ state: "end", from: worker });

    expect(heard).to.deep.equal([["ended"]]);
  });

  it("fail with the code of the answer", () => {
    const { heard, answer } = asked();
    answer({ state: "error", code: "NO_LISTENER", message: "NO_LISTENER: nobody" });

    expect(heard).to.deep.equal([["failed", "NO_LISTENER"]]);
  });

  it("fail by themselves when nothing comes in time", () => {
    const { rig, heard } = asked({ timeoutMs: 300 });
    rig.pass(299);
    expect(heard).to.deep.equal([]);
    rig.pass(2);

    expect(heard).to.deep.equal([["failed", "TIMEOUT"]]);
    expect(rig.core.asks.count).to.equal(0);
  });

  it("fail when their event is refused, or the cell closes", () => {
    const refused = asked();
    refused.rig.hear("CNFM", { refused: [[1, 1, "GROUP_FULL", "full"]] });
    expect(refused.heard).to.deep.equal([["failed", "GROUP_FULL"]]);

    const closed = asked();
    closed.rig.act((core) => core.close(closed.rig.nowMs, 0));
    closed.rig.pass(600);
    expect(closed.heard).to.deep.equal([["failed", "CLOSED"]]);
  });

  it("fail with a result that cannot be decoded", () => {
    const { heard, answer } = asked();
    answer({ state: "result", from: worker, body: [2, Buffer.from([0xc1])] });

    expect(heard).to.deep.equal([["failed", "BAD_PAYLOAD"]]);
  });

  it("find their answer though they waited for room in the outbox", () => {
    const rig = CoreRig.welcome({ outboxEventsMax: 1 });
    const heard: unknown[] = [];
    const silent = (): void => undefined;
    const watcher: AskWatcher = {
      result: (data) => heard.push(data),
      part: silent,
      restarted: silent,
      expected: silent,
      gone: silent,
      cellFailed: silent,
      ended: silent,
      failed: silent,
    };
    const kept = { timeoutMs: 1000, gather: false, parts: false, restart: false };
    rig.act((core) => {
      core.outbox.send("a", 1);
      core.ask({ channel: "q", data: 1, extras: undefined }, kept, watcher);
    });
    rig.hear("CNFM", { accepted: [[1, 1, 0, false]], handled: [[1, 1]] });

    rig.hear("ANSR", { seq: 2, state: "result", from: worker, body: body("found") });
    expect(heard).to.deep.equal(["found"]);
  });

  it("are found and end, tens of thousands that wait for room, without a search for each", function () {
    // Those that are searched for one by one take minutes.
    this.timeout(15_000);
    const count = 65_000;
    const rig = CoreRig.welcome({ outboxEventsMax: 1 });
    const heard = new Map<string, number>();
    const note = (what: string): number => heard.set(what, (heard.get(what) ?? 0) + 1).size;
    const watcher = Object.assign(new DeafWatcher(), {
      result: () => note("result"),
      failed: ({ code }: MeshError) => note(code),
    });
    const kept = { timeoutMs: 1000, gather: false, parts: false, restart: false };
    const extras = undefined;
    rig.act((core) => {
      for (let n = 0; n < count; n++) core.ask({ channel: "q", data: 1, extras }, kept, watcher);
    });
    for (let seq = 1; seq <= 5000; seq++) {
      rig.hear("CNFM", { accepted: [[seq, seq, 1, false]], handled: [[seq, seq]] });
      rig.hear("ANSR", { seq, state: "result", body: body(1) });
    }
    rig.pass(1000);

    expect([...heard]).to.deep.equal([
      ["result", 5000],
      ["TIMEOUT", count - 5000],
    ]);
    expect(rig.core.asks.count).to.equal(0);
  });

  it("hand parts on in order, each once, then the result", () => {
    const { heard, answer } = asked({ parts: true });
    const part = (index: number, attempt = 1): void =>
      answer({ state: "part", from: worker, attempt, index, body: body(index) });
    part(0);
    part(0);
    part(1);
    answer({ state: "result", from: worker, body: body("last") });

    expect(heard).to.deep.equal([["part", 0], ["part", 1], ["result", "last", worker], ["ended"]]);
  });

  it("fail when the parts begin again, unless they may (§12.4)", () => {
    for (const restart of [false, true]) {
      const { heard, answer } = asked({ parts: true, restart });
      const part = (index: number, attempt: number): void =>
        answer({ state: "part", from: worker, attempt, index, body: body(`${attempt}.${index}`) });
      part(0, 1);
      part(0, 2);
      part(1, 1);
      part(1, 2);

      expect(heard).to.deep.equal(
        restart
          ? [["part", "1.0"], ["restarted"], ["part", "2.0"], ["part", "2.1"]]
          : [
              ["part", "1.0"],
              ["failed", "RESTARTED"],
            ],
      );
    }
  });
});

describe("cell: gathers (§12.5)", () => {
  it("tell whom they ask, who replied, who failed and who left, then end", () => {
    const { heard, answer } = asked({ gather: true });
    answer({ state: "expect", cells: [worker, other] });
    answer({ state: "result", from: worker, body: body(1) });
    answer({ state: "error", from: other, code: "HANDLER_FAILED", message: "threw" });
    answer({ state: "gone", cells: [other] });
    answer({ state: "end" });

    expect(heard).to.deep.equal([
      ["expected", [worker, other]],
      ["result", 1, worker],
      ["cellFailed", "HANDLER_FAILED", other.id],
      ["gone", other],
      ["ended"],
    ]);
  });

  it("end at their time-out: who is missing is known", () => {
    for (const byTransmitter of [true, false]) {
      const { rig, heard, answer } = asked({ gather: true });
      answer({ state: "expect", cells: [worker] });
      if (byTransmitter) answer({ state: "error", code: "TIMEOUT", message: "no answer" });
      else rig.pass(1001);

      expect(heard.at(-1)).to.deep.equal(["ended"]);
    }
  });

  it("are replied to by who catches them, once, under the sender's number", () => {
    const { rig, supply } = gathering();
    const event = supply.take()!;
    rig.act((core) => core.replyToGather(supply, event, { ok: 1 }));

    expect(rig.last("RPLY").map).to.deep.equal({
      catch: 1,
      to: event.sender,
      seq: 9,
      body: body({ ok: 1 }),
    });
  });

  it("are told no more of an error than may travel", () => {
    const { rig, supply } = gathering();
    const error = new MeshError("HANDLER_FAILED", `x\ud83d${"y".repeat(2000)}`);
    rig.act((core) => core.replyToGather(supply, supply.take()!, error));

    expect(rig.last("RPLY").map["message"]).to.equal(`x\ufffd${"y".repeat(1022)}`);
  });
});

/** A cell that has a request of a gather. */
function gathering() {
  const rig = CoreRig.welcome();
  const wish = { concurrency: 1, echo: true, bufferBytesMax: 1e6, dropOldest: false };
  const waiter = { resolve: () => undefined, reject: () => undefined };
  const supply = rig.act((core) => core.multicatch({ pattern: "q", ...wish }, waiter));
  rig.grant();
  const extras = { ask: { timeoutMs: 5, gather: true } };
  rig.stream("s-1", 1, { first: 9, bodies: [1], extras });
  return { rig, supply };
}
