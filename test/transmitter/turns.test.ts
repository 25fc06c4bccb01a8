import { expect } from "chai";

import { MeshError } from "../../protocol/src/errors.js";
import { systemClock } from "../../transmitter/src/clock.js";
import type { Effect } from "../../transmitter/src/core/effects.js";
import type { TransmitterCore } from "../../transmitter/src/core/transmitter-core.js";
import type { InProcessHub } from "../../transmitter/src/in-process.js";
import { Turns } from "../../transmitter/src/turns.js";
import { FakeLogger } from "../mesh/fake-logger.js";
import { eventually } from "../support/eventually.js";

const part = Buffer.from("part");
const head = Buffer.from("head");

describe("turns", () => {
  it("carry out effects in their order, each where it belongs", async () => {
    const { turns, core, done } = makeTurns();
    core.effects = [
      { kind: "send", connection: "\0one", part },
      { kind: "publish", head, part },
      { kind: "send", connection: "in-process/1", part },
      { kind: "probe", connection: "\0one", part },
      { kind: "probe", connection: "in-process/1", part },
      { kind: "drain" },
      { kind: "stopped", unconfirmed: 7, left: 0, successor: undefined },
      { kind: "knock", hello: "@hello" },
      { kind: "dial", address: "tcp://a:1" },
      { kind: "linkSubscribe", topic: "@link a" },
      { kind: "linkUnsubscribe", topic: "@link a" },
      { kind: "hangUp", address: "tcp://a:1" },
      { kind: "joined", isDegraded: true },
      { kind: "ended", error: new MeshError("ID_TAKEN", "a twin") },
    ];

    await turns.run();

    expect(done).to.deep.equal([
      "send \0one",
      "publish head",
      "local publish head",
      "local in-process/1",
      "probe \0one",
      "drain asked",
      "stopped 7",
      "introduce @hello",
      "dial tcp://a:1",
      "subscribe @link a",
      "unsubscribe @link a",
      "hang up tcp://a:1",
      "joined degraded",
      "ended ID_TAKEN",
      "flush",
    ]);
  });

  it("log what the core has to say, at its level", async () => {
    const { turns, core, log } = makeTurns();
    core.effects = [{ kind: "log", level: "warn", message: "a cell is slow", fields: { id: 1 } }];

    await turns.run();

    expect(log.lines("warn")).to.deep.equal(['a cell is slow {"id":1}']);
  });

  it("tick the core when something is due, with one timer, and not before", async () => {
    const { turns, core } = makeTurns();
    core.nextDeadlineMs = performance.now() + 30;
    const dueMs = core.nextDeadlineMs;

    await turns.run();
    await turns.run();
    await eventually(() => expect(core.ticks.length).to.be.greaterThan(0));

    expect(core.ticks).to.have.length(1);
    // A timer of Node may be up to one ms early.
    expect(core.ticks[0]).to.be.at.least(dueMs - 1);
  });

  it("tick the core earlier when something earlier comes up", async () => {
    const { turns, core } = makeTurns();
    core.nextDeadlineMs = performance.now() + 60_000;
    await turns.run();

    core.nextDeadlineMs = performance.now() + 10;
    await turns.run();

    await eventually(() => expect(core.ticks).to.have.length(1), { withinMs: 1000 });
  });

  it("have no turn when what was due has been done meanwhile", async () => {
    const { turns, core, done } = makeTurns();
    core.nextDeadlineMs = performance.now() + 5;
    await turns.run();
    core.nextDeadlineMs = performance.now() + 30;
    const dueMs = core.nextDeadlineMs;
    done.length = 0;

    await eventually(() => expect(core.ticks).to.have.length(1));

    expect(core.ticks[0]).to.be.at.least(dueMs);
    expect(done).to.deep.equal(["flush"]);
  });

  it("do not wake up for what was done long before it was due", async () => {
    const { turns, core } = makeTurns();
    const dueMs = performance.now() + 20;
    core.nextDeadlineMs = dueMs;
    await turns.run();
    core.nextDeadlineMs = dueMs + 200;
    await turns.run();
    core.looksMs.length = 0;

    await eventually(() => expect(core.ticks).to.have.length(1));

    expect(core.ticks[0]).to.be.at.least(dueMs + 199);
    // A timer of Node may end a little early, and is then set once more.
    expect(core.looksMs.filter((ms) => ms < dueMs + 190)).to.deep.equal([]);
  });

  it("have another turn for what was told while the last one was written", async () => {
    const { turns, core, done, onFlush } = makeTurns();
    core.effects = [{ kind: "send", connection: "\0one", part }];
    onFlush(() => {
      core.effects = [{ kind: "send", connection: "\0two", part }];
      turns.soon();
    });

    await turns.run();

    expect(done).to.deep.equal(["send \0one", "flush", "send \0two", "flush"]);
  });

  it("have a turn soon, one for however many ask", async () => {
    const { turns, done } = makeTurns();

    turns.soon();
    turns.soon();
    expect(done).to.deep.equal([]);

    await eventually(() => expect(done).to.deep.equal(["flush"]));
  });

  it("survive a defect of the core, and log it", async () => {
    const { turns, core, log } = makeTurns();
    core.defect = true;
    core.nextDeadlineMs = performance.now();

    await turns.run();
    await eventually(() => expect(log.lines("error").length).to.be.greaterThan(1));
  });

  it("carry out the rest when a cell of this process throws", async () => {
    const { turns, core, done, log } = makeTurns();
    core.effects = [
      { kind: "send", connection: "in-process/throws", part },
      { kind: "send", connection: "\0one", part },
    ];

    await turns.run();

    expect(done).to.deep.equal(["send \0one", "flush"]);
    expect(log.lines("error")).to.have.length(1);
  });

  it("end: nothing ticks any more", async () => {
    const { turns, core, done } = makeTurns();
    core.nextDeadlineMs = performance.now() + 5;
    await turns.run();
    done.length = 0;

    turns.end();
    turns.soon();
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(core.ticks).to.deep.equal([]);
    expect(done).to.deep.equal([]);
  });
});

/** A core that wants what it is told to want. */
class FakeCore {
  effects: Effect[] = [];
  defect = false;
  readonly ticks: number[] = [];
  /** When it was asked when something is due. */
  readonly looksMs: number[] = [];
  private dueMs = Number.POSITIVE_INFINITY;

  get nextDeadlineMs(): number {
    this.looksMs.push(performance.now());
    return this.dueMs;
  }

  set nextDeadlineMs(dueMs: number) {
    this.dueMs = dueMs;
  }

  takeEffects(): readonly Effect[] {
    if (this.defect) throw new Error("a defect");
    return this.effects.splice(0);
  }

  tick(nowMs: number): void {
    this.ticks.push(nowMs);
    this.nextDeadlineMs = Number.POSITIVE_INFINITY;
    if (this.defect) throw new Error("a defect");
  }
}

function makeTurns() {
  const core = new FakeCore();
  const log = new FakeLogger();
  const done: string[] = [];
  let flushing: (() => void) | undefined;
  const turns: Turns = new Turns({
    core: core as unknown as TransmitterCore,
    clock: systemClock,
    log: log.asLogger,
    command: {
      send: ({ connection }) => void done.push(`send ${connection}`),
      probe: ({ connection }) => void done.push(`probe ${connection}`),
      flush: async () => {
        done.push("flush");
        flushing?.();
        flushing = undefined;
      },
    },
    events: { publish: (topic) => void done.push(`publish ${topic.toString()}`) },
    local: {
      send: (connection: string) => {
        if (connection.endsWith("throws")) throw new Error("a defect");
        done.push(`local ${connection}`);
      },
      publish: (topic: Buffer) => void done.push(`local publish ${topic.toString()}`),
    } as unknown as InProcessHub,
    onDrainAsked: () => void done.push("drain asked"),
    onStopped: ({ unconfirmed }) => void done.push(`stopped ${unconfirmed}`),
    links: {
      dial: (address) => void done.push(`dial ${address}`),
      hangUp: (address) => void done.push(`hang up ${address}`),
      subscribe: (topic) => void done.push(`subscribe ${topic}`),
      unsubscribe: (topic) => void done.push(`unsubscribe ${topic}`),
      introduce: (hello) => void done.push(`introduce ${hello}`),
    },
    onJoined: (isDegraded) => void done.push(`joined ${isDegraded ? "degraded" : "whole"}`),
    onEnded: ({ code }) => void done.push(`ended ${code}`),
  });
  const onFlush = (act: () => void): void => {
    flushing = act;
  };
  return { turns, core, log, done, onFlush };
}
