import { expect } from "chai";
import { Router, XPublisher } from "zeromq";

import { SocketTransport } from "../../cell-sdk/src/transport/sockets.js";
import type { Attachment } from "../../cell-sdk/src/transport/transport.js";
import { eventually } from "../support/eventually.js";

/** A cell, as its sockets see it. */
interface Reader {
  readonly attachment: Attachment;
  readonly heard: string[];
  readonly parts: Buffer[];
  lost: number;
}

/** Both sockets of a transmitter, and what the cells of this process tell its event socket. */
class Stand {
  readonly router = new Router({ linger: 0 });
  readonly publisher = new XPublisher({ linger: 0, verbosity: "allSubsUnsubs" });
  readonly notices: string[] = [];
  readonly readers: Reader[] = [];
  connections = 0;
  /** Address of the event socket. */
  pub = "";

  static async make(): Promise<Stand> {
    const stand = new Stand();
    const { publisher, router } = stand;
    publisher.events.on("accept", () => stand.connections++);
    for (const socket of [router, publisher]) await socket.bind("tcp://127.0.0.1:*");
    stand.pub = publisher.lastEndpoint ?? "";
    void stand.note();
    return stand;
  }

  /** Attaches so many cells, which read events from the publisher. */
  async attach(count: number, onEvents: (head: string) => void = () => {}): Promise<Reader[]> {
    const fresh = Array.from({ length: count }, () => this.open(onEvents));
    await Promise.all(
      fresh.map(({ heard }) => eventually(() => expect(heard).to.deep.equal(["connected"]))),
    );
    for (const { attachment, heard } of fresh) {
      heard.length = 0;
      attachment.openEvents(this.pub);
    }
    return fresh;
  }

  async publish(...heads: readonly string[]): Promise<void> {
    for (const head of heads) await this.publisher.send([head, "part"]);
  }

  close(): void {
    for (const { attachment } of this.readers) attachment.close();
    this.router.close();
    this.publisher.close();
  }

  private open(onEvents: (head: string) => void): Reader {
    const reader: Reader = {
      heard: [],
      parts: [],
      lost: 0,
      attachment: new SocketTransport().open(this.router.lastEndpoint ?? "", {
        onTrying: () => {},
        onConnected: () => reader.heard.push("connected"),
        onDisconnected: () => reader.lost++,
        onCommand: () => {},
        onEvents: (head, part) => {
          reader.heard.push(head.toString());
          reader.parts.push(part);
          onEvents(head.toString());
        },
        onDrain: () => {},
      }),
    };
    this.readers.push(reader);
    return reader;
  }

  private async note(): Promise<void> {
    for await (const [notice] of this.publisher) {
      this.notices.push(`${notice?.[0] === 1 ? "+" : "-"}${notice?.toString("latin1", 1)}`);
    }
  }
}

describe("cell: the event connection of a process (§8.13)", () => {
  let stand: Stand;

  beforeEach(async () => {
    stand = await Stand.make();
  });

  afterEach(() => stand.close());

  it("is one for all its cells, each of which gets what it subscribed to", async () => {
    const [first, second] = (await stand.attach(2)) as [Reader, Reader];
    first.attachment.subscribe("a ");
    second.attachment.subscribe("b ");
    await eventually(() => expect(stand.notices).to.have.members(["+a ", "+b "]));

    await stand.publish("a 1 1", "b 7 1", "a 2 1");

    await eventually(() => {
      expect([first.heard, second.heard]).to.deep.equal([["a 1 1", "a 2 1"], ["b 7 1"]]);
    });
    expect(stand.connections).to.equal(1);
  });

  it("subscribes anew for a cell that comes to a topic of others, which waits for a mark", async () => {
    const [first, second] = (await stand.attach(2)) as [Reader, Reader];
    first.attachment.subscribe("a ");
    await eventually(() => expect(stand.notices).to.deep.equal(["+a "]));
    second.attachment.subscribe("a ");
    await eventually(() => expect(stand.notices).to.deep.equal(["+a ", "-a ", "+a "]));

    await stand.publish("a 1 1", "a 2 0", "a 2 1");

    await eventually(() => {
      expect(first.heard).to.deep.equal(["a 1 1", "a 2 0", "a 2 1"]);
      expect(second.heard).to.deep.equal(["a 2 0", "a 2 1"]);
    });
  });

  it("gives each cell bytes of its own", async () => {
    const [first, second] = (await stand.attach(2)) as [Reader, Reader];
    for (const { attachment } of [first, second]) attachment.subscribe("a ");
    await eventually(() => expect(stand.notices).to.include("+a "));
    await stand.publish("a 1 0");
    await eventually(() => expect([first.parts, second.parts].flat()).to.have.lengthOf(2));

    first.parts[0]!.fill(0);

    expect(second.parts[0]?.toString()).to.equal("part");
  });

  it("unsubscribes from a topic with its last cell, and from all topics of a cell that ends", async () => {
    const [first, second] = (await stand.attach(2)) as [Reader, Reader];
    for (const { attachment } of [first, second]) attachment.subscribe("a ");
    first.attachment.subscribe("b ");
    await eventually(() => expect(stand.notices.at(-1)).to.equal("+b "));
    stand.notices.length = 0;

    first.attachment.close();
    await eventually(() => expect(stand.notices).to.deep.equal(["-b "]));
    second.attachment.unsubscribe("a ");

    await eventually(() => expect(stand.notices).to.deep.equal(["-b ", "-a "]));
  });

  it("loses no subscription, however many are made at once", async () => {
    const [reader] = (await stand.attach(1)) as [Reader];
    const topics = Array.from({ length: 3000 }, (_, at) => `t${at} `);

    for (const topic of topics) reader.attachment.subscribe(topic);

    await eventually(() => expect(stand.notices).to.have.lengthOf(topics.length));
  });

  it("is lost for all its cells when nobody listens there any more; those that come next make another", async () => {
    const readers = await stand.attach(2);
    for (const [at, { attachment }] of readers.entries()) attachment.subscribe(`${at} `);
    await eventually(() => expect(stand.notices).to.have.lengthOf(2));

    stand.publisher.close();
    await eventually(() => expect(readers.map(({ lost }) => lost)).to.deep.equal([1, 1]));

    const publisher = new XPublisher({ linger: 0 });
    try {
      await eventually(() => publisher.bind(stand.pub));
      const told = publisher.receive();
      const [reader] = (await stand.attach(1)) as [Reader];
      reader.attachment.subscribe("a ");
      expect((await told)[0]?.toString("latin1", 1)).to.equal("a ");
    } finally {
      publisher.close();
    }
  });

  it("is not lost for the others by a cell that fails on what it reads", async () => {
    const [broken] = (await stand.attach(1, () => {
      throw new Error("cannot read that");
    })) as [Reader];
    const [sound] = (await stand.attach(1)) as [Reader];
    for (const { attachment } of [broken, sound]) attachment.subscribe("a ");
    await eventually(() => expect(stand.notices).to.include("+a "));

    await stand.publish("a 1 0", "a 1 1");

    await eventually(() => expect(sound.heard).to.deep.equal(["a 1 0", "a 1 1"]));
    expect([broken.lost, sound.lost]).to.deep.equal([1, 0]);
  });
});
