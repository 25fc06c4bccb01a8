import { createConnection } from "node:net";
import { expect } from "chai";
import { Context, Subscriber, XSubscriber } from "zeromq";

import { EventSocket } from "../../../transmitter/src/sockets/event-socket.js";
import { Pump, TurnBudget } from "../../../transmitter/src/sockets/pump.js";
import { eventually } from "../../support/eventually.js";
import { startProcess } from "../../support/process.js";

const streamTopic = "s-0123456789abcdef ";

describe("event socket", () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await makeStand();
  });
  afterEach(() => stand.close());

  it("tells of the second subscription for a topic as of the first", async () => {
    stand.subscriber(streamTopic);
    stand.subscriber(streamTopic);

    await eventually(() => {
      expect(stand.notices).to.deep.equal([`+${streamTopic}`, `+${streamTopic}`]);
    });
  });

  it("publishes to each connection that was admitted", async () => {
    stand.admitted.add(streamTopic);
    const one = stand.subscriber(streamTopic);
    const other = stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(2));

    stand.publish(`${streamTopic}1 1`, "an event");

    expect(await textOf(one)).to.deep.equal([`${streamTopic}1 1`, "an event"]);
    expect(await textOf(other)).to.deep.equal([`${streamTopic}1 1`, "an event"]);
  });

  it("publishes nothing to a subscription that was not admitted, the empty one included", async () => {
    const everything = stand.subscriber("");
    const prefix = stand.subscriber(streamTopic.slice(0, 3));
    const longer = stand.subscriber(`${streamTopic}1 1`);
    stand.admitted.add(streamTopic);
    const member = stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(4));

    stand.publish(`${streamTopic}1 1`, "an event");
    await textOf(member);

    for (const stranger of [everything, prefix, longer]) {
      expect(await silence(stranger)).to.equal(true);
    }
  });

  it("tells of each topic of a subscriber that was killed, within 50 ms", async () => {
    const victim = startProcess([
      process.execPath,
      "--input-type=module",
      "--eval",
      victimCode(stand.endpoint, [streamTopic, "p-1 "]),
    ]);
    stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(3), { withinMs: 10_000 });
    const beganMs = performance.now();

    victim.kill("SIGKILL");
    await eventually(() => expect(stand.notices).to.have.length(5));

    expect(performance.now() - beganMs).to.be.lessThan(50);
    expect(stand.notices.slice(3)).to.have.members([`-${streamTopic}`, "-p-1 "]);
  });

  it("stops sending to a connection that unsubscribed, and goes on for the others", async () => {
    stand.admitted.add(streamTopic);
    const leaver = stand.subscriber(streamTopic);
    const stayer = stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(2));

    leaver.unsubscribe(streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(3));
    stand.publish(`${streamTopic}1 1`, "an event");

    expect(await textOf(stayer)).to.deep.equal([`${streamTopic}1 1`, "an event"]);
    expect(stand.notices[2]).to.equal(`-${streamTopic}`);
  });

  it("puts nothing on the wire to a connection that unsubscribed", async () => {
    stand.admitted.add(streamTopic);
    const raw = rawSubscriber(stand.endpoint);
    stand.closeLater(raw);
    // What comes before both sides have said READY breaks the handshake.
    await eventually(() => expect(raw.heard()).to.include("READY"));
    raw.say(1, streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(1), { withinMs: 15_000 });
    stand.publish(`${streamTopic}1 1`, "before");
    await eventually(() => expect(raw.heard()).to.include("before"), { withinMs: 15_000 });

    raw.say(0, streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(2), { withinMs: 15_000 });
    stand.publish(`${streamTopic}2 1`, "after");
    raw.say(1, streamTopic);
    await eventually(() => expect(stand.notices).to.have.length(3), { withinMs: 15_000 });
    stand.publish(`${streamTopic}3 1`, "later");
    await eventually(() => expect(raw.heard()).to.include("later"), { withinMs: 15_000 });

    expect(raw.heard()).to.not.include("after");
  });

  it("never gives a member's admission to a stranger who shifts libzmq's memory", async () => {
    stand.admitted.add(streamTopic);
    const wanted = ["hello", `\x01${streamTopic}`, "\x01x"];

    const stranger = await eventually(async () => {
      const one = await stand.shift();
      expect(stand.taken.splice(0)).to.deep.equal(wanted);
      expect(stand.events.shiftedCount).to.be.greaterThan(0);
      return one;
    });
    stand.publish(`${streamTopic}1 1`, "an event");

    expect(await silence(stranger)).to.equal(true);
  });

  it("admits again once it was read dry after such a message", async () => {
    stand.admitted.add(streamTopic);
    const stranger = new XSubscriber({ context: stand.context, linger: 0 });
    stand.closeLater(stranger);
    stranger.connect(stand.endpoint);
    await stranger.send([Buffer.from("hello"), Buffer.from("you")]);
    await eventually(() => expect(stand.events.foreignCount).to.equal(1));

    const member = stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.deep.equal([`+${streamTopic}`]));
    stand.publish(`${streamTopic}1 1`, "an event");

    expect(await textOf(member)).to.deep.equal([`${streamTopic}1 1`, "an event"]);
  });

  it("cuts off a subscription of more than 4096 bytes, and lives", async () => {
    const greedy = stand.subscriber("x".repeat(5000));
    stand.admitted.add(streamTopic);
    const member = stand.subscriber(streamTopic);
    await eventually(() => expect(stand.notices).to.deep.equal([`+${streamTopic}`]));

    stand.publish(`${streamTopic}1 1`, "an event");

    expect(await textOf(member)).to.deep.equal([`${streamTopic}1 1`, "an event"]);
    expect(await silence(greedy)).to.equal(true);
  });
});

/** An event socket with its pump, and those that connect to it. */
interface Stand {
  readonly endpoint: string;
  readonly context: Context;
  readonly events: EventSocket;
  /** Topics that are admitted. */
  readonly admitted: Set<string>;
  /** Subscriptions (`+`) and their ends (`-`), as they were told. */
  readonly notices: string[];
  /** First parts of all messages that were received. */
  readonly taken: string[];
  subscriber(topic: string): Subscriber;
  publish(head: string, part: string): void;
  closeLater(socket: { close(): void }): void;
  /** Has a stranger's message, a member's subscription and the stranger's own read in one go. */
  shift(): Promise<XSubscriber>;
  close(): void;
}

async function makeStand(): Promise<Stand> {
  const context = new Context();
  const admitted = new Set<string>();
  const notices: string[] = [];
  const taken: string[] = [];
  const open: { close(): void }[] = [];
  const events = new EventSocket(
    { context, ipv6: false, mesh: "default", deadAfterMs: 1200, highWaterMark: 1024 },
    {
      subscribed: (topic) => {
        notices.push(`+${topic.toString()}`);
        return admitted.has(topic.toString());
      },
      unsubscribed: (topic) => void notices.push(`-${topic.toString()}`),
      failed: (error) => {
        throw error;
      },
    },
  );
  await events.socket.bind("tcp://127.0.0.1:*");
  const endpoint = events.socket.lastEndpoint!;
  const take = (parts: Buffer[]): void => {
    taken.push(parts[0]!.toString());
    events.take(parts);
  };
  const pump = new Pump(events.socket, { take, turn: async () => {} }, new TurnBudget());
  const ended = pump.run();
  const closeLater = <T extends { close(): void }>(socket: T): T => {
    open.push(socket);
    return socket;
  };
  const subscriber = (topic: string): Subscriber => {
    const socket = closeLater(new Subscriber({ context, linger: 0, receiveTimeout: 5000 }));
    socket.subscribe(topic);
    socket.connect(endpoint);
    return socket;
  };
  return {
    endpoint,
    context,
    events,
    admitted,
    notices,
    taken,
    subscriber,
    closeLater,
    publish: (head, part) => events.publish(Buffer.from(head), Buffer.from(part)),
    async shift() {
      await pump.pause();
      const stranger = closeLater(new XSubscriber({ context, linger: 0 }));
      stranger.connect(endpoint);
      await stranger.send("hello");
      await eventually(() => expect(events.socket.readable).to.equal(true));
      const member = closeLater(new Subscriber({ context, linger: 0 }));
      member.subscribe(streamTopic);
      const shook = handshakeOf(member);
      member.connect(endpoint);
      await shook;
      // The subscription follows the handshake; a look at the socket makes libzmq take it in.
      for (let look = 0; look < 200 && events.socket.readable; look++) await turnOfLoop();
      await stranger.send("\x01x");
      await eventually(() => {
        pump.resume();
        expect(taken).to.have.length.greaterThan(2);
      });
      return stranger;
    },
    close() {
      pump.stop();
      events.close();
      for (const socket of open) socket.close();
      ended.catch(() => {});
    },
  };
}

function handshakeOf(socket: Subscriber): Promise<void> {
  return new Promise((resolve) => {
    socket.events.on("handshake", () => resolve());
  });
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function textOf(socket: Subscriber): Promise<string[]> {
  return (await socket.receive()).map((part) => part.toString());
}

/** Whether nothing comes to a socket to which others' events would have come by now. */
async function silence(socket: Subscriber | XSubscriber): Promise<boolean> {
  socket.receiveTimeout = 50;
  return socket.receive().then(
    () => false,
    () => true,
  );
}

/** A subscriber that speaks ZMTP 3.0 by itself, and so filters nothing of what it is sent. */
function rawSubscriber(endpoint: string) {
  const port = Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
  const socket = createConnection(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  greeting.write("NULL", 12);
  const ready = Buffer.from("\x05READY\x0bSocket-Type\0\0\0\x03SUB", "latin1");
  socket.write(Buffer.concat([greeting, Buffer.from([4, ready.length]), ready]));
  return {
    heard: () => Buffer.concat(chunks).toString("latin1"),
    say(kind: 0 | 1, topic: string) {
      const notice = Buffer.from(`${String.fromCharCode(kind)}${topic}`, "latin1");
      socket.write(Buffer.concat([Buffer.from([0, notice.length]), notice]));
    },
    close: () => void socket.destroy(),
  };
}

/** A process that subscribes and stays. */
function victimCode(endpoint: string, topics: readonly string[]): string {
  return `
    import zeromq from "zeromq";
    const socket = new zeromq.Subscriber();
    socket.subscribe(...${JSON.stringify(topics)});
    socket.connect(${JSON.stringify(endpoint)});
    await socket.receive();`;
}
