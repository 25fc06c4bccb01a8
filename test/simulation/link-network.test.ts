import { expect } from "chai";

import { Agenda } from "./agenda.js";
import type { EventServer } from "./event-line.js";
import { LinkSub } from "./link-sub.js";
import { Network } from "./network.js";
import { Process } from "./process.js";
import { SeededRandom } from "./random.js";

const address = "sim://one/events";
const topic = "@link 1f ";

/*
 * Goal:   between transmitters the virtual network does what ØMQ was seen to do: exact topics are
 *         let through or not, subscriptions are shown again after each cut, pipes overflow in
 *         silence, and a cut of one way ends both.
 * Method: one process with an XPUB and one with the SUBs of a transmitter, no cores.
 * Replay: npm test -- --grep "the network of links"
 */
describe("simulation: the network of links", () => {
  it("shows every topic of a SUB to whoever it is connected to, and passes on what was let in", () => {
    const { sub, told, publish, run } = linked();

    sub.subscribe("@link 2e ");
    run(20);
    publish("@link 1f data 1");
    publish("@link 2e data 1");
    run(20);

    expect(told).to.include("subscribed @link 2e ");
    expect(heard(told)).to.deep.equal(["@link 1f: data 1"]);
  });

  it("shows nothing but the hello to a seed, and again when that comes later", () => {
    const { network, sub, server, told, run } = linked();

    sub.introduce("@hello x ");
    sub.seed("sim://late/events");
    run(500);
    network.bindEvents("sim://late/events", server("late"));
    run(2500);

    expect(told.filter((it) => it.startsWith("late"))).to.deep.equal(["late subscribed @hello x "]);
  });

  it("says that subscriptions ended with a connection, and shows them again", () => {
    const { network, ends, told, publish, run } = linked();

    network.resetBetween(...ends);
    publish("@link 1f lost");
    run(300);
    publish("@link 1f heard");
    run(20);

    expect(told.filter((it) => it === `unsubscribed ${topic}`)).to.have.length(1);
    expect(told.filter((it) => it === `subscribed ${topic}`)).to.have.length(2);
    expect(heard(told)).to.deep.equal(["@link 1f: heard"]);
  });

  it("drops what finds the pipe full", () => {
    const { ends, told, publish, run } = linked();

    ends[0].block(100);
    for (let number = 0; number < 20; number++) publish(`@link 1f ${number}`);
    run(200);

    expect(heard(told)).to.have.length(8);
  });

  it("hangs up: the other end learns of it, and nothing comes any more", () => {
    const { sub, told, publish, run } = linked();

    sub.hangUp(address);
    run(20);
    publish("@link 1f late");
    run(20);

    expect(told).to.include(`unsubscribed ${topic}`);
    expect(heard(told)).to.deep.equal([]);
  });

  it("loses one way: a short cut delays what goes there, and that alone", () => {
    const { network, ends, sub, told, publish, run } = linked();
    const [client, server] = ends;

    network.cutBetween(client, server, 600);
    sub.subscribe("@link 2e ");
    publish("@link 1f there");
    run(500);
    expect(told).not.to.include("subscribed @link 2e ");
    expect(heard(told)).to.deep.equal(["@link 1f: there"]);
    run(200);

    expect(told).to.include("subscribed @link 2e ");
    expect(told).not.to.include(`unsubscribed ${topic}`);
  });

  it("ends a connection that one way has been cut for longer, and makes none until it heals", () => {
    const { network, ends, told, run } = linked();
    const [client, server] = ends;

    network.cutBetween(client, server, 4000);
    run(1500);
    expect(told).to.include(`unsubscribed ${topic}`);
    run(2000);
    expect(told.filter((it) => it === `subscribed ${topic}`)).to.have.length(1);
    run(2700);

    expect(told.filter((it) => it === `subscribed ${topic}`)).to.have.length(2);
  });

  it("has a proxy that drops, doubles and reorders until it is told to stop", () => {
    const { network, told, publish, run } = linked();
    network.proxy.set({ dropShare: 0.2, doubleShare: 0.2, lateShare: 0.2 });
    for (let number = 0; number < 100; number++) {
      publish(`@link 1f ${number}`);
      run(3);
    }
    run(100);
    const numbers = heard(told).map((it) => Number(it.split(" ").at(-1)));

    expect(new Set(numbers).size).to.be.within(60, 95);
    expect(numbers.length).to.be.above(new Set(numbers).size);
    expect(numbers).not.to.deep.equal(numbers.toSorted((a, b) => a - b));

    network.proxy.set(undefined);
    publish("@link 1f calm");
    run(20);
    expect(heard(told).at(-1)).to.equal("@link 1f: calm");
  });
});

function heard(told: readonly string[]): string[] {
  return told.filter((it) => it.startsWith("@"));
}

/** A SUB that is connected to an XPUB that admits one topic; `told` is what the ends were told. */
function linked() {
  const agenda = new Agenda();
  const random = new SeededRandom(1);
  const terms = { delayMinMs: 0.1, delayMaxMs: 2, lateShare: 0, eventPipeMax: 5, linkPipeMax: 8 };
  const network = new Network(agenda, random, terms);
  const process = (): Process => new Process(agenda, random, () => {});
  const ends: readonly [client: Process, server: Process] = [process(), process()];
  const told: string[] = [];
  const server = (name: string): EventServer => ({
    process: ends[1],
    subscribed: (bytes) => {
      told.push(`${name} subscribed ${bytes.toString()}`.trimStart());
      return bytes.toString() === topic;
    },
    unsubscribed: (bytes) => void told.push(`${name} unsubscribed ${bytes.toString()}`.trimStart()),
  });
  const one = server("");
  network.bindEvents(address, one);
  const sub = new LinkSub(network, ends[0], (to, head) => told.push(`${to}: ${head}`));
  sub.subscribe(topic);
  sub.dial(address);
  const run = (forMs: number): void => {
    const untilMs = agenda.nowMs + forMs;
    while (agenda.step(untilMs));
  };
  const publish = (head: string): void => network.publish(one, Buffer.from(head), Buffer.alloc(0));
  run(50);
  return { network, sub, ends, server, told, publish, run };
}
