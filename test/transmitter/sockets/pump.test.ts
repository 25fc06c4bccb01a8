import { expect } from "chai";

import { Pump, type PumpedSocket, TurnBudget } from "../../../transmitter/src/sockets/pump.js";
import { eventually } from "../../support/eventually.js";

describe("pump", () => {
  it("takes what there is in batches, and ends each with a turn", async () => {
    const socket = new FakeSocket(1200);
    const { pump, taken, turns } = pumpOf(socket);

    void pump.run();
    await eventually(() => expect(taken).to.have.length(1200));
    pump.stop();

    expect(taken).to.deep.equal(numbers(1200));
    expect(turns.length).to.be.within(3, 1200);
    expect(Math.max(...turns)).to.be.at.most(512);
  });

  it("ends a batch at once when nothing more is there", async () => {
    const socket = new FakeSocket(0);
    const { pump, turns } = pumpOf(socket);
    void pump.run();

    socket.give(1);
    await eventually(() => expect(turns).to.deep.equal([1]));
    socket.give(1);
    await eventually(() => expect(turns).to.deep.equal([1, 1]));
    pump.stop();
  });

  it("lets timers run while messages come without an end", async () => {
    const socket = new FakeSocket(Number.POSITIVE_INFINITY);
    const { pump, taken } = pumpOf(socket);
    const beganMs = performance.now();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);

    void pump.run();
    await eventually(() => {
      expect(ticks).to.be.greaterThan(5);
      expect(taken.length).to.be.greaterThan(1000);
    });
    clearInterval(timer);
    pump.stop();

    expect(performance.now() - beganMs).to.be.lessThan(1000);
  });

  it("lets timers run between large messages, however few they are", async () => {
    const socket = new FakeSocket(30, 64 * 1024);
    let [taken, since, most] = [0, 0, 0];
    const take = (): void => {
      const beganMs = performance.now();
      while (performance.now() - beganMs < 3);
      taken++;
      most = Math.max(most, ++since);
    };
    const pump = new Pump(socket, { take, turn: () => Promise.resolve() }, new TurnBudget());
    const timer = setInterval(() => {
      since = 0;
    }, 1);

    void pump.run();
    await eventually(() => expect(taken).to.equal(30));
    clearInterval(timer);
    pump.stop();

    expect(most).to.be.at.most(3);
  });

  it("receives nothing while it is paused, and goes on afterwards", async () => {
    const socket = new FakeSocket(0);
    const { pump, taken } = pumpOf(socket);
    void pump.run();

    await pump.pause();
    expect(socket.receiving).to.equal(false);
    socket.give(3);
    expect(taken).to.have.length(0);
    pump.resume();

    await eventually(() => expect(taken).to.have.length(3));
    pump.stop();
  });

  it("pauses within 300 ms though nothing comes", async () => {
    const { pump } = pumpOf(new FakeSocket(0));
    void pump.run();
    const beganMs = performance.now();

    await pump.pause();

    expect(performance.now() - beganMs).to.be.lessThan(300);
    pump.stop();
  });

  it("ends when its socket is closed", async () => {
    const socket = new FakeSocket(0);
    const { pump } = pumpOf(socket);
    const ended = pump.run();

    socket.close();

    await ended;
  });

  it("rejects with what a handler threw", async () => {
    const socket = new FakeSocket(1);
    const turn = () => Promise.reject(new Error("a defect"));
    const pump = new Pump(socket, { take: () => {}, turn }, new TurnBudget());

    const failure = await pump.run().catch((error: Error) => error.message);

    expect(failure).to.equal("a defect");
  });
});

/** A socket that gives numbers, as zeromq gives messages: at once if there is one, else in time. */
class FakeSocket implements PumpedSocket {
  receiveTimeout = -1;
  closed = false;
  receiving = false;
  private left: number;
  private next = 0;
  private wake: (() => void) | undefined;

  private readonly bytes: number;

  /** @param bytes how long each message is at least. */
  constructor(count: number, bytes = 0) {
    this.left = count;
    this.bytes = bytes;
  }

  get readable(): boolean {
    return this.left > 0;
  }

  give(count: number): void {
    this.left += count;
    this.wake?.();
  }

  close(): void {
    this.closed = true;
    this.wake?.();
  }

  async receive(): Promise<Buffer[]> {
    expect(this.receiving).to.equal(false);
    if (this.left === 0 && this.receiveTimeout !== 0) {
      this.receiving = true;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, this.receiveTimeout)),
      ]);
      this.receiving = false;
    }
    if (this.left === 0) throw Object.assign(new Error("nothing"), { code: "EAGAIN" });
    this.left--;
    return [Buffer.from(`${this.next++}`.padEnd(this.bytes))];
  }
}

function pumpOf(socket: FakeSocket) {
  const taken: string[] = [];
  const turns: number[] = [];
  let told = 0;
  const pump = new Pump(
    socket,
    {
      take: ([part]) => void taken.push(String(part)),
      turn: async () => {
        turns.push(taken.length - told);
        told = taken.length;
      },
    },
    new TurnBudget(),
  );
  return { pump, taken, turns };
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index}`);
}
