import { expect } from "chai";

import { Agenda } from "./agenda.js";
import type { CommandLine } from "./command-line.js";
import type { EventLine } from "./event-line.js";
import { Network } from "./network.js";
import { Process } from "./process.js";
import { SeededRandom } from "./random.js";

const address = "sim://one";
const topic = "s-1 ";

/*
 * Goal:   the virtual network does what ØMQ was seen to do, so that what the swarm proves holds
 *         outside of it too.
 * Method: one process that binds both sockets and one that connects to them, no cores.
 * Replay: npm test -- --grep "the network"
 */
describe("simulation: the network", () => {
  it("keeps the order of commands, whatever the delays", () => {
    const { line, received, run } = connected();

    for (let number = 0; number < 200; number++) line.send(Buffer.from(`${number}`));
    run(100);

    expect(received).to.deep.equal(Array.from({ length: 200 }, (_, number) => `${number}`));
  });

  it("keeps it while packets are lost and sent again", () => {
    const { network, client, line, received, run } = connected();
    line.send(Buffer.from("early"));
    network.stall(client, 300);
    line.send(Buffer.from("late"));

    run(290);
    expect(received).to.deep.equal([]);
    run(20);

    expect(received).to.deep.equal(["early", "late"]);
  });

  it("loses the end of what is on its way when a connection breaks, and nothing before it", () => {
    const { network, client, line, received, told, run } = connected();
    for (let number = 0; number < 200; number++) line.send(Buffer.from(`${number}`));

    network.reset(client, ["command"]);
    line.send(Buffer.from("after"));
    run(100);

    expect(received).to.deep.equal(received.map((_, number) => `${number}`));
    expect(received.length).to.be.below(200);
    expect(told).to.include("disconnected");
    expect(line.answer(Buffer.from("to nobody"))).to.equal(false);
  });

  it("ends subscriptions within 4 ms of a kill, and says so of the commands within 7", () => {
    const { network, client, line, told, run } = connected();

    client.kill();
    network.died(client);
    run(1.5);
    expect(told).not.to.include(`unsubscribed ${topic}`);
    run(3);
    expect(told).to.include(`unsubscribed ${topic}`);
    run(3);

    expect(line.answer(Buffer.from("to nobody"))).to.equal(false);
  });

  it("leaves the connections of a stopped process for 1.2 s, and cuts them by 1.5 s", () => {
    const { network, client, line, told, run } = connected();

    client.stop();
    network.stopped(client);
    run(1190);
    expect(line.answer(Buffer.from("kept"))).to.equal(true);
    run(300);

    expect(line.answer(Buffer.from("lost"))).to.equal(false);
    expect(told).to.include(`unsubscribed ${topic}`);
  });

  it("gives a process that wakes what had come in, and only then that it is cut off", () => {
    const { network, client, line, told, run } = connected();
    client.stop();
    network.stopped(client);
    line.answer(Buffer.from("meanwhile"));
    run(2000);
    expect(told).not.to.include("received meanwhile");

    client.wake();
    run(50);

    const commands = told.filter((it) => !it.startsWith("subscribed"));
    expect(commands.slice(-2)).to.deep.equal(["received meanwhile", "disconnected"]);
  });

  it("keeps the connections of a process whose event loop is busy", () => {
    const { client, line, told, run } = connected();

    client.block(3000);
    line.answer(Buffer.from("meanwhile"));
    run(2900);
    expect(told).not.to.include("received meanwhile");
    run(200);

    expect(told.at(-1)).to.equal("received meanwhile");
  });

  it("drops the newest events for a reader that is too slow, without a word", () => {
    const { client, publish, told, run } = connected();

    client.block(100);
    for (let number = 0; number < 20; number++) publish(`${number}`);
    run(200);

    const events = told.filter((it) => it.startsWith("event"));
    expect(events).to.deep.equal(["event 0", "event 1", "event 2", "event 3", "event 4"]);
  });

  it("tells the end of a connection behind what was sent on it, however late that comes", () => {
    const { network, client, line, received, run } = connected();
    line.send(Buffer.from("early"));
    network.stallCommands(client, "up", 300);
    line.close();

    run(290);
    expect(line.answer(Buffer.from("not known yet"))).to.equal(true);
    run(20);

    expect(received).to.deep.equal(["early"]);
    expect(line.answer(Buffer.from("to nobody"))).to.equal(false);
  });

  it("connects the events again by itself, and subscribes anew", () => {
    const { network, client, events, publish, told, run } = connected();

    network.reset(client, ["event"]);
    publish("lost");
    run(300);
    publish("heard");
    run(10);

    expect(events.state).to.equal("open");
    expect(told.filter((it) => it === `subscribed ${topic}`)).to.have.length(2);
    expect(told.filter((it) => it.startsWith("event"))).to.deep.equal(["event heard"]);
  });
});

/** What the ends of a connection were told, in one list. */
interface Rig {
  readonly network: Network;
  readonly client: Process;
  readonly line: CommandLine;
  readonly events: EventLine;
  /** Commands that the server received. */
  readonly received: string[];
  readonly told: string[];
  publish(text: string): void;
  run(forMs: number): void;
}

function connected(): Rig {
  const agenda = new Agenda();
  const random = new SeededRandom(1);
  const terms = { delayMinMs: 0.1, delayMaxMs: 2, lateShare: 0.1, eventPipeMax: 5, linkPipeMax: 5 };
  const network = new Network(agenda, random, terms);
  const [client, process] = [0, 1].map(() => new Process(agenda, random, () => {})) as [
    Process,
    Process,
  ];
  const received: string[] = [];
  const told: string[] = [];
  const say = (what: string) => (bytes: Buffer) => told.push(`${what} ${bytes.toString()}`);
  const eventServer = {
    process,
    subscribed: (bytes: Buffer) => say("subscribed")(bytes) > 0,
    unsubscribed: say("unsubscribed"),
  };
  network.bindCommand(address, { process, received: (_, part) => received.push(part.toString()) });
  network.bindEvents(address, eventServer);
  const line = network.dialCommand(address, {
    process: client,
    connected: () => told.push("connected"),
    disconnected: () => told.push("disconnected"),
    received: say("received"),
  });
  const published = (_head: Buffer, part: Buffer): void => void say("event")(part);
  const events = network.connectEvents(address, { process: client, published });
  events.subscribe(topic);
  const run = (forMs: number): void => {
    const untilMs = agenda.nowMs + forMs;
    while (agenda.step(untilMs));
  };
  const publish = (text: string): void =>
    network.publish(eventServer, Buffer.from(`${topic}1 1`), Buffer.from(text));
  run(200);
  return { network, client, line, events, received, told, publish, run };
}
