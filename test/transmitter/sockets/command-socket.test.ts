import { createConnection } from "node:net";
import { expect } from "chai";
import { Context, Dealer, Request } from "zeromq";

import { CommandSocket } from "../../../transmitter/src/sockets/command-socket.js";
import { Pump, TurnBudget } from "../../../transmitter/src/sockets/pump.js";
import { eventually } from "../../support/eventually.js";
import { startProcess } from "../../support/process.js";

describe("command socket", () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await makeStand();
  });
  afterEach(() => stand.close());

  it("answers each connection, and no other", async () => {
    const [one, other] = [stand.dealer(), stand.dealer()];
    await one.send("from one");
    await other.send("from other");
    await eventually(() => expect(stand.received).to.have.length(2));

    for (const { connection, parts } of stand.received) stand.say(connection, `to ${parts[0]}`);

    expect(await textOf(one)).to.deep.equal(["to from one"]);
    expect(await textOf(other)).to.deep.equal(["to from other"]);
  });

  it("answers behind an empty delimiter where the message came behind one, as of a REQ", async () => {
    const request = stand.closeLater(new Request({ context: stand.context, linger: 0 }));
    request.connect(stand.endpoint);
    await request.send("hello");
    const { connection, parts } = await stand.next();

    stand.say(connection, "welcome");

    expect(parts).to.deep.equal(["", "hello"]);
    expect((await request.receive()).map(String)).to.deep.equal(["welcome"]);
  });

  it("forgets the delimiter when the next message comes without", async () => {
    const dealer = stand.dealer();
    await dealer.send(["", "hello"]);
    await stand.next();
    await dealer.send("hello");
    const { connection } = await stand.next();

    stand.say(connection, "welcome");

    expect(await textOf(dealer)).to.deep.equal(["welcome"]);
  });

  it("sends at once what is queued while the last message goes out, in whatever turn", async () => {
    const dealer = stand.dealer();
    await dealer.send("hello");
    const { connection } = await stand.next();

    for (let turns = 0; turns < 20; turns++) {
      stand.command.send({ connection, part: Buffer.from("one") });
      void stand.command.flush();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      stand.command.send({ connection, part: Buffer.from("two") });
      void stand.command.flush();

      expect(await textOf(dealer)).to.deep.equal(["one"]);
      expect(await textOf(dealer), `after ${turns} turns`).to.deep.equal(["two"]);
    }
  });

  it("keeps the order of messages to a connection that reads late, and loses none", async () => {
    const dealer = stand.dealer();
    await dealer.send("hello");
    const { connection } = await stand.next();

    const textAt = (number: number): string => `${number}`.padEnd(1000);
    let count = 0;
    for (let more = 1000; more > 0; count++) {
      stand.say(connection, textAt(count));
      await stand.command.flush();
      if (stand.command.waitingBytes > 0) more--;
    }

    for (let number = 0; number < count; number++) {
      expect(String((await dealer.receive())[0])).to.equal(textAt(number));
    }
    await eventually(() => expect(stand.command.waitingBytes).to.equal(0));
  });

  it("goes on with the others while one does not read", async () => {
    const [stuck, reader] = [stand.dealer(), stand.dealer()];
    await stuck.send("stuck");
    const { connection: toStuck } = await stand.next();
    await reader.send("reader");
    const { connection: toReader } = await stand.next();
    await stand.fill(toStuck);

    stand.say(toReader, "welcome");

    expect(await textOf(reader)).to.deep.equal(["welcome"]);
  });

  it("drops the queue of a connection when it is over its bound, says so once, and lives", async () => {
    const stuck = stand.dealer();
    await stuck.send("stuck");
    const { connection } = await stand.next();
    await stand.fill(connection);
    const part = Buffer.alloc(1 << 20);

    for (let count = 0; count < 5; count++) stand.command.send({ connection, part });
    await stand.command.flush();

    expect(stand.overflowed).to.deep.equal([connection]);
    expect(stand.command.waitingBytes).to.be.at.most(4 << 20);
  });

  it("says within 50 ms of the first message after it that a connection was killed", async () => {
    const victim = startProcess([
      process.execPath,
      "--input-type=module",
      "--eval",
      dealerCode(stand.endpoint),
    ]);
    const { connection } = await stand.next(10_000);
    victim.kill("SIGKILL");
    const beganMs = performance.now();

    stand.command.probe({ connection, part: Buffer.from("there?") });
    await eventually(() => expect(stand.unreachable).to.deep.equal([connection]));

    expect(performance.now() - beganMs).to.be.lessThan(100);
  });

  it("ends a probe of a living connection after 50 ms without a word", async () => {
    const dealer = stand.dealer();
    await dealer.send("hello");
    const { connection } = await stand.next();

    stand.command.probe({ connection, part: Buffer.from("there?") });
    let probes = 0;
    dealer.receiveTimeout = 200;
    while (await dealer.receive().then(Boolean, () => false)) probes++;

    expect(probes).to.be.within(2, 40);
    expect(stand.unreachable).to.deep.equal([]);
  });

  it("says that a connection is unreachable that was never there", async () => {
    stand.say("\0nobo", "hello");

    await eventually(() => expect(stand.unreachable).to.deep.equal(["\0nobo"]));
  });

  it("refuses a connection that chose its own routing id, and tells it", async () => {
    const dealer = stand.closeLater(
      new Dealer({ context: stand.context, linger: 0, routingId: "in-process/1" }),
    );
    dealer.connect(stand.endpoint);
    await dealer.send("J HELO {}");

    const [answer = ""] = await textOf(dealer);

    expect(answer).to.match(/^J ERRO \{"code":"BAD_ID"/);
    expect(stand.received).to.deep.equal([]);
    expect(stand.command.chosenCount).to.equal(1);
  });

  it("closes 300 connections that say nothing after 2 s", async () => {
    const port = Number(stand.endpoint.slice(stand.endpoint.lastIndexOf(":") + 1));
    let closed = 0;
    const beganMs = performance.now();
    for (let count = 0; count < 300; count++) {
      createConnection(port, "127.0.0.1")
        .resume()
        .on("close", () => closed++);
    }

    await eventually(() => expect(closed).to.equal(300), { withinMs: 15_000 });

    expect(performance.now() - beganMs).to.be.within(1500, 15_000);
  });

  it("takes a part of 4 MiB, and cuts off one that is 8 KiB longer", async () => {
    const dealer = stand.dealer();
    await dealer.send(Buffer.alloc(4 << 20, 0x41));
    await stand.next();

    await dealer.send(Buffer.alloc((4 << 20) + 8192, 0x41));
    await dealer.send("after");
    const other = stand.dealer();
    await other.send("other");

    expect((await stand.next()).parts).to.deep.equal(["other"]);
  });

  it("sends nothing while it is held, and everything in order afterwards", async () => {
    const dealer = stand.dealer();
    await dealer.send("hello");
    const { connection } = await stand.next();

    stand.command.hold();
    stand.say(connection, "1");
    stand.say(connection, "2");
    dealer.receiveTimeout = 50;
    expect(await dealer.receive().catch(() => "nothing")).to.equal("nothing");
    stand.command.unhold();

    dealer.receiveTimeout = 5000;
    expect([await textOf(dealer), await textOf(dealer)]).to.deep.equal([["1"], ["2"]]);
  });
});

interface Received {
  readonly connection: string;
  readonly parts: readonly string[];
}

/** A command socket with its pump, and those that connect to it. */
interface Stand {
  readonly context: Context;
  readonly endpoint: string;
  readonly command: CommandSocket;
  readonly received: Received[];
  readonly unreachable: string[];
  readonly overflowed: string[];
  dealer(): Dealer;
  closeLater<T extends { close(): void }>(socket: T): T;
  /** Waits for the next message, and takes it. */
  next(withinMs?: number): Promise<Received>;
  say(connection: string, text: string): void;
  /** Sends to a connection until its pipe, and what the kernel holds for it, is full. */
  fill(connection: string): Promise<void>;
  close(): void;
}

async function makeStand(): Promise<Stand> {
  const context = new Context();
  const received: Received[] = [];
  const unreachable: string[] = [];
  const overflowed: string[] = [];
  const open: { close(): void }[] = [];
  const command = new CommandSocket(
    { context, ipv6: false, mesh: "default", deadAfterMs: 1200, queueBytesMax: 4 << 20 },
    {
      unreachable: (connection) => void unreachable.push(connection),
      overflowed: (connection) => void overflowed.push(connection),
      failed: (error) => {
        throw error;
      },
    },
  );
  await command.socket.bind("tcp://127.0.0.1:*");
  const endpoint = command.socket.lastEndpoint!;
  const take = (parts: Buffer[]): void => {
    const connection = command.admit(parts);
    if (connection !== undefined) received.push({ connection, parts: parts.map(String) });
  };
  const pump = new Pump(command.socket, { take, turn: () => command.flush() }, new TurnBudget());
  const ended = pump.run();
  const closeLater = <T extends { close(): void }>(socket: T): T => {
    open.push(socket);
    return socket;
  };
  return {
    context,
    endpoint,
    command,
    received,
    unreachable,
    overflowed,
    closeLater,
    dealer() {
      const dealer = new Dealer({ context, linger: 0, receiveTimeout: 5000 });
      dealer.connect(endpoint);
      return closeLater(dealer);
    },
    async next(withinMs = 5000) {
      await eventually(() => expect(received).to.have.length.greaterThan(0), { withinMs });
      return received.shift()!;
    },
    say(connection, text) {
      command.send({ connection, part: Buffer.from(text) });
      void command.flush();
    },
    async fill(connection) {
      const part = Buffer.alloc(16_384);
      while (command.waitingBytes === 0) {
        command.send({ connection, part });
        await command.flush();
      }
    },
    close() {
      pump.stop();
      command.close(0);
      for (const socket of open) socket.close();
      ended.catch(() => {});
    },
  };
}

async function textOf(socket: Dealer): Promise<string[]> {
  return (await socket.receive()).map(String);
}

/** A process that says hello and stays. */
function dealerCode(endpoint: string): string {
  return `
    import zeromq from "zeromq";
    const socket = new zeromq.Dealer();
    socket.connect(${JSON.stringify(endpoint)});
    await socket.send("hello");
    await socket.receive();
    await socket.receive();`;
}
