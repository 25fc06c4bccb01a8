import { expect } from "chai";
import { Dealer, Subscriber, XSubscriber } from "zeromq";

import { eventually } from "../../../support/eventually.js";
import { Stranger } from "../stranger.js";
import type { Subject } from "../subject.js";
import { closing, type Scene } from "./scene.js";

/** What strangers say to the port of the event socket. @see PROTOCOL.md §8.1 */
export const rawEventScenes: readonly Scene[] = [
  {
    ids: ["E51", "E52"],
    name: "a subscription to anything but a whole topic, the empty one included, gets nothing",
    play: async (subject) => {
      const [cell, member, spy] = [
        await Stranger.cell(subject),
        new Subscriber({ linger: 0, receiveTimeout: 5000 }),
        new Subscriber({ linger: 0, receiveTimeout: 100 }),
      ];
      await closing([cell, member, spy], async () => {
        const topic = await topicOf(cell, "secret.**");
        const before = await subject.metrics();
        spy.connect(subject.pub);
        const wrong = [
          "",
          " ",
          "$",
          "s",
          "s-",
          topic.slice(0, -1),
          topic,
          `${topic} x`,
          "$mesh.**",
        ];
        spy.subscribe(...wrong);
        await eventually(async () => {
          const { subscriptionsRefused } = await subject.metrics();
          const refused = (subscriptionsRefused ?? 0) - (before["subscriptionsRefused"] ?? 0);
          expect(refused).to.be.at.least(wrong.length);
        });

        await follow(member, subject, topic);
        await cell.say("EVNT", { channel: "secret.a", data: "for members" });

        expect(String((await member.receive())[1])).to.include("for members");
        expect(await nothing(spy)).to.equal(true);
        await cell.leave();
      });
    },
  },
  {
    ids: ["E54"],
    name: "frames that are no subscriptions are passed over, and members still get their events",
    play: async (subject) => {
      const [cell, member, raw] = [
        await Stranger.cell(subject),
        new Subscriber({ linger: 0, receiveTimeout: 5000 }),
        new XSubscriber({ linger: 0 }),
      ];
      await closing([cell, member, raw], async () => {
        const topic = await topicOf(cell, "after.**");
        raw.connect(subject.pub);
        for (let byte = 2; byte < 256; byte++) await raw.send(Buffer.from([byte, 0x20, byte]));
        await raw.send("");
        await raw.send(["\x01", "two", "parts"]);
        await raw.send([Buffer.from(`\x01${topic} `, "latin1"), "and another"]);

        await follow(member, subject, topic);
        await cell.say("EVNT", { channel: "after.a", data: "still here" });

        expect(String((await member.receive())[1])).to.include("still here");
        await cell.leave();
      });
    },
  },
  {
    ids: ["E53"],
    name: "20 000 subscriptions of one peer are all refused, while others are served",
    play: async (subject) => {
      const [raw, cell] = [
        new XSubscriber({ linger: 0, sendHighWaterMark: 0 }),
        await Stranger.cell(subject),
      ];
      await closing([raw, cell], async () => {
        const before = (await subject.metrics())["subscriptionsRefused"] ?? 0;
        raw.connect(subject.pub);
        for (let number = 0; number < 20_000; number++) await raw.send(`\x01guess-${number} `);

        await eventually(
          async () => {
            const { subscriptionsRefused } = await subject.metrics();
            expect((subscriptionsRefused ?? 0) - before).to.be.at.least(20_000);
          },
          { withinMs: 15_000 },
        );
        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["E55"],
    name: "a subscription over 4 KiB ends its connection, and no other",
    play: async (subject) => {
      const [cell, member, raw] = [
        await Stranger.cell(subject),
        new Subscriber({ linger: 0, receiveTimeout: 5000 }),
        new XSubscriber({ linger: 0 }),
      ];
      await closing([cell, member, raw], async () => {
        const topic = await topicOf(cell, "long.**");
        await follow(member, subject, topic);
        raw.connect(subject.pub);
        for (let count = 0; count < 20; count++) await raw.send(Buffer.alloc(5000, 1));

        await cell.say("EVNT", { channel: "long.a", data: "unharmed" });

        expect(String((await member.receive())[1])).to.include("unharmed");
        await cell.leave();
      });
    },
  },
  {
    ids: ["E56"],
    name: "a DEALER at the event port is refused by its type",
    play: async (subject) => {
      const dealer = new Dealer({ linger: 0 });
      await closing([dealer], async () => {
        dealer.connect(subject.pub);

        await eventually(() => {
          const lines = subject.logged("handshake").filter((line) => line.includes('"event"'));
          expect(lines.length).to.be.greaterThan(0);
        });
      });
    },
  },
];

/** The topic that a cell may subscribe to, without the space that ends a subscription. */
async function topicOf(cell: Stranger, pattern: string): Promise<string> {
  await cell.say("CTCH", { pattern, mode: "multi" });
  return String((await cell.expect("CGHT"))["topic"]);
}

/** Subscribes as a member does, until the mark says that it is armed. */
async function follow(member: Subscriber, subject: Subject, topic: string): Promise<void> {
  member.connect(subject.pub);
  await eventually(async () => {
    member.unsubscribe(`${topic} `);
    member.subscribe(`${topic} `);
    member.receiveTimeout = 500;
    expect(String((await member.receive())[1])).to.match(/^J MARK/);
  });
  member.receiveTimeout = 5000;
}

/** Tells whether nothing comes. */
async function nothing(spy: Subscriber): Promise<boolean> {
  return await spy.receive().then(
    () => false,
    () => true,
  );
}
