import { getEventListeners } from "node:events";
import { expect } from "chai";

import { encodeMessagePack, type FieldMap, MeshError, writeFrame } from "@thynapse/protocol";
import {
  type Attachment,
  type AttachmentHandlers,
  type Clock,
  connect,
  type Transport,
} from "@thynapse/cell-sdk";
import { systemClock } from "../../cell-sdk/src/clock.js";
import { eventually } from "../support/eventually.js";

/** A transport that welcomes every cell and otherwise does what the test says. */
class PlayedTransport implements Transport {
  handlers: AttachmentHandlers | undefined;
  readonly sent: string[] = [];
  closedCount = 0;
  /** Whether nobody listens there. */
  isAway = false;
  /** Parts that the pipe still takes. */
  room = Number.POSITIVE_INFINITY;

  checkAddress(address: string): void {
    if (address === "bad") throw new MeshError("BAD_OPTION", "bad");
  }

  open(_address: string, handlers: AttachmentHandlers): Attachment {
    this.handlers = handlers;
    if (!this.isAway) setImmediate(() => handlers.onConnected());
    return {
      send: (part) => this.take(part),
      openEvents: () => undefined,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      close: () => void this.closedCount++,
    };
  }

  say(command: string, map: FieldMap): void {
    this.handlers?.onCommand(writeFrame("M", command, encodeMessagePack(map)));
  }

  private take(part: Buffer): boolean {
    if (this.room <= 0) return false;
    this.room--;
    const command = part.toString("latin1", 2, 6);
    this.sent.push(command);
    if (command === "HELO") setImmediate(() => this.say("WLCM", welcome));
    if (command === "GBYE") setImmediate(() => this.say("GBYE", { reason: "farewell" }));
    return true;
  }
}

/** How a promise is rejected. */
function codeOf(promise: PromiseLike<unknown>): PromiseLike<string> {
  return promise.then(
    () => "",
    (error: MeshError) => error.code,
  );
}

const welcome = {
  v: 1,
  id: "7a".repeat(20),
  pub: "tcp://x:1",
  incarnation: 1,
  presence: "p",
  secret: "5".repeat(32),
  mesh: "m",
  heartbeatMs: 250,
};

describe("cell: driver", () => {
  it("keeps what a full pipe does not take, in order, until it drains", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport });
    transport.sent.length = 0;
    transport.room = 0;
    cell.multicatch("a", () => 1).catch(() => undefined);
    cell.anycatch("b", () => 1).catch(() => undefined);
    void cell.send("c", 1);
    await eventually(() => expect(cell.hasRoom).to.equal(true));
    expect(transport.sent).to.deep.equal([]);

    transport.room = 1;
    transport.handlers?.onDrain();
    expect(transport.sent).to.deep.equal(["CTCH"]);
    transport.room = Number.POSITIVE_INFINITY;
    transport.handlers?.onDrain();
    await eventually(() => expect(transport.sent).to.include("EVNT"));

    expect(transport.sent.slice(0, 3)).to.deep.equal(["CTCH", "CTCH", "EVNT"]);
    transport.say("CNFM", { accepted: [[1, 1, 0, false]], handled: [[1, 1]] });
    await cell.close();
    expect(transport.closedCount).to.equal(1);
  });

  it("closes once, for its signal or by hand, and leaves no timer behind", async () => {
    const stop = new AbortController();
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport, signal: stop.signal });
    stop.abort();

    expect(await cell.close()).to.deep.equal({ unconfirmed: 0 });
    expect(transport.sent.filter((command) => command === "GBYE")).to.have.length(1);
  });

  it("attaches nowhere if its signal aborts before it has begun to", async () => {
    const stop = new AbortController();
    const transport = new PlayedTransport();
    const connecting = connect({ service: "s", transport, signal: stop.signal });
    stop.abort();

    expect(await codeOf(connecting)).to.equal("ABORTED");
    expect(transport.handlers).to.equal(undefined);
  });

  it("closes on a signal of the process, and listens to it until then", async () => {
    const before = process.listenerCount("SIGUSR2");
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport, drainOn: "SIGUSR2" });
    const heard = process.listenerCount("SIGUSR2") - before;
    if (heard === 1) process.kill(process.pid, "SIGUSR2");
    else await cell.close();

    expect(await cell.closed).to.deep.equal({ unconfirmed: 0 });
    expect(heard).to.equal(1);
    expect(process.listenerCount("SIGUSR2")).to.equal(before);
  });

  it("attaches anew when the attachment ends, and says so", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport });
    const kinds: string[] = [];
    cell.status.on(({ kind }) => kinds.push(kind));

    transport.handlers?.onDisconnected("cut");
    await eventually(() => expect(kinds).to.include("welcome"));

    expect(kinds).to.deep.equal(["reconnecting", "connecting", "welcome"]);
    expect(transport.sent.filter((command) => command === "HELO")).to.have.length(2);
    await cell.close();
  });

  it("does not let a listener's error go any further, but counts it", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport });
    cell.status.on(() => {
      throw new Error("listener");
    });

    expect(await cell.close()).to.deep.equal({ unconfirmed: 0 });
  });

  it("lives on when the clock of its transport fails in the midst of a message", async () => {
    let hasTime = true;
    const nowMs = (): number => {
      if (!hasTime) throw new Error("no time");
      return systemClock.nowMs();
    };
    const clock: Clock = { ...systemClock, nowMs };
    const transport = Object.assign(new PlayedTransport(), { clock });
    const cell = await connect({ service: "s", transport });
    const mark = [Buffer.from("t 1 0"), Buffer.from("MARK")] as const;
    hasTime = false;
    expect(() => transport.handlers?.onEvents(...mark)).to.throw("no time");
    hasTime = true;

    expect(await cell.close()).to.deep.equal({ unconfirmed: 0 });
  });

  it("plans the time-out of an ask at once, also while no transmitter answers", async () => {
    const delays: number[] = [];
    const after: Clock["after"] = (delayMs, act) => {
      delays.push(delayMs);
      return systemClock.after(delayMs, act);
    };
    const clock: Clock = { ...systemClock, after };
    const transport = Object.assign(new PlayedTransport(), { clock });
    const cell = await connect({ service: "s", transport, drainTimeoutMs: 0 });
    transport.isAway = true;
    transport.handlers?.onDisconnected("cut");
    await eventually(() => expect(cell.status.last?.kind).to.equal("connecting"));
    delays.length = 0;

    const asked = cell.ask("q", 1, { timeoutMs: 1 });
    expect(delays).to.have.length(1);
    expect(delays[0]).to.be.within(0, 1);

    expect(await codeOf(asked)).to.equal("TIMEOUT");
    await cell.close();
  });

  it("refuses an ask with a signal like any other, and leaves nothing at the signal", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({
      ...{ service: "s", transport, outboxEventsMax: 1, drainTimeoutMs: 0 },
    });
    for (let n = 0; n < 65_537; n++) void cell.send("a", n);
    const { signal } = new AbortController();

    expect(await codeOf(cell.ask("q", 1, { signal }))).to.equal("OUTBOX_FULL");
    expect(await codeOf(cell.ask("no channel", 1, { signal }))).to.equal("BAD_CHANNEL");
    expect(getEventListeners(signal, "abort")).to.have.length(0);
    await cell.close();
  });

  it("leaves nothing at a signal for which a send no longer waits", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport, outboxEventsMax: 1 });
    const { signal } = new AbortController();
    void cell.send("a", 1);
    void cell.send("a", 2, { signal });
    await eventually(() => expect(transport.sent).to.include("EVNT"));
    expect(getEventListeners(signal, "abort")).to.have.length(1);

    transport.say("CNFM", { accepted: [[1, 1, 0, false]], handled: [[1, 1]] });
    expect(getEventListeners(signal, "abort")).to.have.length(0);
    await eventually(() =>
      expect(transport.sent.filter((said) => said === "EVNT").length).to.equal(2),
    );
    transport.say("CNFM", { accepted: [[2, 2, 0, false]], handled: [[2, 2]] });
    await cell.close();
  });

  it("leaves nothing of a catch that was refused, or has ended", async () => {
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport });
    const { status } = cell;
    const on = status.on.bind(status);
    const listening = new Set<unknown>();
    status.on = (listener) => {
      listening.add(listener);
      const off = on(listener);
      return () => {
        listening.delete(listener);
        off();
      };
    };
    const takers = Reflect.get(Reflect.get(cell, "driver") as object, "takers") as Map<
      object,
      object
    >;
    const { signal } = new AbortController();
    const left = (): unknown => [
      ...[listening.size, takers.size, getEventListeners(signal, "abort").length],
    ];
    const catches = [cell.multicatch("a", { signal }), cell.anycatch("b", () => 1, { signal })];
    const refusal = { code: "TOO_MANY_CATCHES", message: "at most", command: "CTCH" };
    expect(left()).to.deep.equal([1, 2, 2]);
    for (const ref of [1, 2]) transport.say("ERRO", { ...refusal, ref });
    expect(await Promise.all(catches.map(codeOf))).to.deep.equal(Array(2).fill(refusal.code));
    expect(left()).to.deep.equal([0, 0, 0]);

    const granted = cell.anycatch("c", { signal });
    transport.say("CGHT", { catch: 1, ref: 3, pattern: "c", mode: "any" });
    const caught = await granted;
    expect(left()).to.deep.equal([1, 1, 1]);
    const released = caught.release();
    await eventually(() => expect(transport.sent).to.include("DROP"));
    transport.say("DRPD", { catch: 1 });
    await released;
    expect(left()).to.deep.equal([0, 0, 0]);
    await cell.close();
  });

  it("writes what an operator should see to the logger", async () => {
    const lines: string[] = [];
    const logger = {
      info: (_details: object, message: string) => void lines.push(`info ${message}`),
      warn: (_details: object, message: string) => void lines.push(`warn ${message}`),
    };
    const transport = new PlayedTransport();
    const cell = await connect({ service: "s", transport, logger });
    transport.say("ERRO", { code: "MUTED", message: "MUTED: too many", command: "BEAT" });
    await cell.close();

    expect(lines).to.include("info cell: welcome").and.to.include("warn cell: warning");
  });

  it("asks the transport whether an address is one", async () => {
    const transport = new PlayedTransport();
    const refused = connect({ service: "s", transport, transmitters: "bad" });

    expect(await codeOf(refused)).to.equal("BAD_OPTION");
  });
});
