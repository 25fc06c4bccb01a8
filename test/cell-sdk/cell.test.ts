import { expect } from "chai";

import { type Cell, connect, type ConnectOptions, inProcess } from "@thynapse/cell-sdk";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { MeshError } from "@thynapse/protocol";
import { eventually } from "../support/eventually.js";

/** Waits for the refusal; fails if there is none. */
async function codeOf(refused: PromiseLike<unknown>): Promise<string> {
  try {
    await refused;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(MeshError);
    return (thrown as MeshError).code;
  }
  throw new Error("nothing was refused");
}

for (const way of ["sockets", "in process"] as const) {
  describe(`cell: the SDK over ${way}`, () => {
    let transmitter: Transmitter;
    let cells: Cell[] = [];

    before(async () => {
      transmitter = await startTransmitter({ port: 0, pubPort: 0, logLevel: "error" });
    });
    afterEach(async () => {
      await Promise.all(cells.map((cell) => cell.close()));
      cells = [];
    });
    after(() => transmitter.close());

    async function join(service: string, options: Partial<ConnectOptions> = {}): Promise<Cell> {
      const transport = way === "sockets" ? {} : { transport: inProcess(transmitter.inProcess) };
      const transmitters = transmitter.command;
      const cell = await connect({ service, transmitters, ...transport, ...options });
      cells.push(cell);
      return cell;
    }

    it("sends what a multicatch gets, in order, and confirms it", async () => {
      const [sender, listener] = [await join("a"), await join("b")];
      const caught: unknown[] = [];
      await listener.multicatch("news.*", (event) => caught.push([event.channel, event.data]));

      const receipt = await sender.send("news.one", { n: 1 }, { headers: { h: "1" } });
      const bytes = Buffer.from("bytes");
      await sender.send("news.two", bytes, { until: "handled" });

      expect(receipt).to.include({ seq: 1, matched: 1, repeat: false });
      expect(receipt.thid).to.match(/^[0-9a-f]{40}$/);
      await eventually(() => {
        expect(caught).to.deep.equal([
          ["news.one", { n: 1 }],
          ["news.two", bytes],
        ]);
      });
    });

    it("waits for a promise of a handler before it calls it again", async () => {
      const [sender, listener] = [await join("a"), await join("b")];
      const log: string[] = [];
      await listener.multicatch<number>("turn", async ({ data }) => {
        log.push(`begin ${data}`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`end ${data}`);
      });
      for (let n = 1; n <= 3; n++) void sender.send("turn", n);

      await eventually(() => {
        expect(log).to.deep.equal([1, 2, 3].flatMap((n) => [`begin ${n}`, `end ${n}`]));
      });
    });

    it("delivers again what a handler threw at, as another attempt", async () => {
      const [sender, worker] = [await join("a"), await join("w")];
      const attempts: number[] = [];
      await worker.anycatch("fail.once", ({ attempt, repeat }) => {
        attempts.push(attempt);
        expect(repeat).to.equal(attempt > 1);
        if (attempt === 1) throw new Error("first time");
      });

      await sender.send("fail.once", 1, { until: "handled" });

      expect(attempts).to.deep.equal([1, 2]);
    });

    it("answers an ask with what the handler returned, or says why not", async () => {
      const [asker, worker] = [await join("a"), await join("w")];
      await worker.anycatch<number>("double", ({ data }) => data * 2);
      await worker.anycatch("throws", () => {
        throw new Error("no luck");
      });
      await worker.anycatch("rejects", (_event, ctx) => ctx.reject("not mine"));
      await worker.anycatch("cannot", () => () => 1);
      await worker.anycatch("nothing", () => undefined);

      expect(await asker.ask("double", 21)).to.equal(42);
      expect(await asker.ask("nothing", 1)).to.equal(undefined);
      expect(await codeOf(asker.ask("throws", 1))).to.equal("HANDLER_FAILED");
      expect(await codeOf(asker.ask("rejects", 1))).to.equal("REJECTED");
      expect(await codeOf(asker.ask("cannot", 1))).to.equal("HANDLER_FAILED");
      expect(await codeOf(asker.ask("nobody", 1))).to.equal("NO_LISTENER");
      const slow = asker.ask("double", 1, { signal: AbortSignal.abort() });
      expect(await codeOf(slow)).to.equal("ABORTED");
    });

    it("streams an answer in parts, and gathers from everybody", async () => {
      const [asker, worker] = [await join("a"), await join("w")];
      await worker.anycatch("count", async function* () {
        yield 1;
        yield 2;
      });
      const parts: unknown[] = [];
      for await (const part of asker.ask("count", null, { parts: true })) parts.push(part);
      expect(parts).to.deep.equal([1, 2]);

      await worker.multicatch("load", () => 7);
      await asker.multicatch("load", () => {
        throw new Error("busy");
      });
      const gathering = asker.gather<number>("load");
      const replies: number[] = [];
      for await (const { data } of gathering) replies.push(data);
      expect(replies).to.deep.equal([7]);
      expect(gathering.failed.map(({ from }) => from.id)).to.deep.equal([asker.id]);
      expect(gathering.missing).to.deep.equal([]);
    });

    it("says why a handler failed, whatever it threw", async () => {
      const [asker, worker] = [await join("a"), await join("w")];
      const nameless = Object.assign(new Error("?"), { name: Symbol("none") });
      const thrown = [new Error("😀".slice(1)), new Error("x".repeat(1016) + "😀!"), nameless];
      for (const [at, error] of thrown.entries()) {
        const fail = (): never => {
          throw error;
        };
        await worker.multicatch(`all.${at}`, fail);
        await worker.anycatch(`one.${at}`, fail);
        const gathering = asker.gather(`all.${at}`);
        for await (const reply of gathering) expect(reply).to.equal(undefined);

        expect(gathering.failed.map(({ from }) => from.id)).to.deep.equal([worker.id]);
        expect(await codeOf(asker.ask(`one.${at}`, 1))).to.equal("HANDLER_FAILED");
      }
    });

    it("sends a handler's outputs with its settlement", async () => {
      const [sender, worker] = [await join("a"), await join("w")];
      const caught: unknown[] = [];
      await sender.multicatch("done", ({ data, from }) => caught.push([data, from.id]));
      await worker.anycatch("do", ({ data, attempt }, ctx) => {
        ctx.send("done", data);
        if (attempt === 1) throw new Error("these outputs go nowhere");
      });

      await sender.send("do", 5, { until: "handled" });

      await eventually(() => expect(caught).to.deep.equal([[5, worker.id]]));
    });

    it("iterates catches, settling each delivery when the next is asked for", async () => {
      const [sender, worker] = [await join("a"), await join("w")];
      const deliveries = await worker.anycatch<number>("queue");
      const handled = [1, 2, 3].map((n) => sender.send("queue", n, { until: "handled" }));
      const seen: number[] = [];
      for await (const delivery of deliveries) {
        seen.push(delivery.data);
        if (delivery.data !== 3) continue;
        delivery.ack();
        break;
      }
      expect(seen).to.deep.equal([1, 2, 3]);
      await Promise.all(handled);

      const events = await worker.multicatch<number>("live");
      void sender.send("live", 1);
      for await (const event of events) {
        expect(event.data).to.equal(1);
        break;
      }
    });

    it("ends an iteration when its catch is released, or its cell closed", async () => {
      const worker = await join("w");
      const released = await worker.anycatch("x");
      const closed = [await worker.multicatch("y"), await worker.anycatch("z")];
      const handled = await worker.anycatch("handled", () => undefined);
      const ends: string[] = [];
      const loops = [released, ...closed].map(async (stream) => {
        for await (const event of stream) expect(event).to.equal(undefined);
        ends.push(stream.pattern);
      });

      await released.release();
      await worker.close();
      await Promise.all(loops);
      await handled.release();
      expect(ends).to.have.members(["x", "y", "z"]);
    });

    it("gives up what a signal aborts", async () => {
      const worker = await join("w");
      const stop = new AbortController();
      await worker.multicatch("z", () => undefined, { signal: stop.signal });
      stop.abort();

      await eventually(async () => {
        expect(await worker.send("z", 1)).to.include({ matched: 0 });
      });
      const aborted = worker.send("z", 1, { signal: stop.signal });
      expect(await codeOf(aborted)).to.equal("ABORTED");
      expect(await codeOf(worker.anycatch("z", { signal: stop.signal }))).to.equal("ABORTED");
    });

    it("refuses wrong use by code", async () => {
      const cell = await join("a");

      expect(() => cell.send("a b", 1)).to.throw(MeshError, "BAD_CHANNEL");
      expect(await codeOf(cell.multicatch("a.>", () => 1))).to.equal("BAD_PATTERN");
      await cell.anycatch("mine", () => 1);
      expect(await codeOf(cell.anycatch("mine", () => 1))).to.equal("CATCH_EXISTS");
      await cell.close();
      expect(() => cell.send("a", 1)).to.throw(MeshError, "CLOSED");
      expect(await codeOf(cell.anycatch("late", () => 1))).to.equal("CLOSED");
    });

    it("tells what happens, from the present on", async () => {
      const cell = await join("a");
      const kinds: string[] = [];
      const told = (async () => {
        for await (const { kind } of cell.status) kinds.push(kind);
      })();
      await cell.multicatch("a", () => 1);
      expect(await cell.close()).to.deep.equal({ unconfirmed: 0 });
      await told;

      expect(kinds).to.deep.equal(["welcome", "armed", "draining", "closed"]);
      expect(await cell.closed).to.deep.equal({ unconfirmed: 0 });
    });

    it("waits with close for handlers that run", async () => {
      const [sender, worker] = [await join("a"), await join("w")];
      let finish = (): void => undefined;
      const begun = new Promise<void>((resolve) => {
        void worker.anycatch("long", () => {
          resolve();
          return new Promise<void>((done) => (finish = done));
        });
      });
      await eventually(async () => expect(await sender.send("long", 1)).to.include({ matched: 1 }));
      await begun;
      const closing = worker.close();
      finish();

      expect(await closing).to.deep.equal({ unconfirmed: 0 });
    });
  });
}

describe("cell: connecting", () => {
  it("rejects when no transmitter answers, naming the addresses", async () => {
    const connecting = connect({
      service: "s",
      transmitters: ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"],
      connectTimeoutMs: 200,
    });

    expect(await codeOf(connecting)).to.equal("UNREACHABLE");
    await connecting.catch((error: Error) => {
      expect(error.message).to.contain("127.0.0.1:1").and.to.contain("127.0.0.1:2");
    });
  });

  it("refuses bad options before it connects anywhere", async () => {
    expect(await codeOf(connect({ service: "s", transmitters: "localhost" }))).to.equal(
      "BAD_OPTION",
    );
    expect(await codeOf(connect({ service: "s", signal: AbortSignal.abort() }))).to.equal(
      "ABORTED",
    );
  });
});
