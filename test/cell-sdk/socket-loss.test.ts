import { expect } from "chai";
import { once } from "node:events";
import { createServer } from "node:net";
import { Router, XPublisher } from "zeromq";

import { SocketTransport } from "../../cell-sdk/src/transport/sockets.js";
import type { Attachment } from "../../cell-sdk/src/transport/transport.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";

interface Stand {
  readonly router: Router;
  readonly publisher: XPublisher;
  readonly attachment: Attachment;
  readonly told: string[];
}

const stands = new Set<Stand>();

/** An attachment to two sockets, both connected. */
async function attachedStand(): Promise<Stand> {
  const router = new Router({ linger: 0 });
  const publisher = new XPublisher({ linger: 0 });
  for (const socket of [router, publisher]) await socket.bind(await freeAddress());
  const told: string[] = [];
  const attachment = open(router.lastEndpoint as string, told);
  await eventually(() => expect(told).to.deep.equal(["connected"]));
  attachment.openEvents(publisher.lastEndpoint as string);
  attachment.subscribe("p ");
  await publisher.receive();
  const stand = { router, publisher, attachment, told };
  stands.add(stand);
  return stand;
}

/** Where nobody listens any more; a connection there has been refused. */
async function refusedAddress(): Promise<string> {
  const address = await freeAddress();
  const told: string[] = [];
  await eventually(() => {
    open(address, told);
    expect(told).to.include("lost");
  });
  return address;
}

async function freeAddress(): Promise<string> {
  return `tcp://127.0.0.1:${await freePort()}`;
}

function open(address: string, told: string[], isOnly = false): Attachment {
  const handlers = {
    onTrying: (refusals: number) => told.push(`trying after ${refusals}`),
    onConnected: () => told.push("connected"),
    onDisconnected: () => told.push("lost"),
    onCommand: () => {},
    onEvents: () => {},
    onDrain: () => {},
  };
  return new SocketTransport().open(address, handlers, { isOnly });
}

/** Counts the connections at an address, and ends each at once. */
async function hangingUp(
  address: string,
): Promise<{ readonly connections: number; close(): void }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  server.listen(Number(new URL(address).port), "127.0.0.1");
  await once(server, "listening");
  return {
    get connections() {
      return connections;
    },
    close: () => void server.close(),
  };
}

describe("cell: losing its sockets", () => {
  afterEach(() => {
    for (const { router, publisher, attachment } of stands) {
      attachment.close();
      router.close();
      publisher.close();
    }
    stands.clear();
  });

  it("ends with the command connection alone", async () => {
    const { router, told } = await attachedStand();

    router.close();

    await eventually(() => expect(told).to.deep.equal(["connected", "lost"]), { withinMs: 1000 });
  });

  it("ends with the event connection alone, if nobody listens there any more", async () => {
    const { publisher, told } = await attachedStand();

    publisher.close();

    await eventually(() => expect(told).to.deep.equal(["connected", "lost"]), { withinMs: 1000 });
  });

  it("is told at once that a connection is refused", async () => {
    await refusedAddress();
  });

  it("is told the same at once where another cell has just been refused, and tries again soon", async () => {
    const address = await refusedAddress();
    const server = await hangingUp(address);
    try {
      const lost: string[] = [];
      for (let cell = 0; cell < 100; cell++) open(address, lost);
      await eventually(() => expect(lost).to.have.lengthOf(100));
      expect(server.connections).to.be.below(20);

      await eventually(() => {
        open(address, []);
        expect(server.connections).to.be.at.least(1);
      });
    } finally {
      server.close();
    }
  });

  it("waits where it has no other address, until somebody listens", async () => {
    const address = await refusedAddress();
    const told: string[][] = Array.from({ length: 100 }, () => []);
    const attachments = told.map((of) => open(address, of, true));
    const router = new Router({ linger: 0 });
    try {
      // One after the other tries, for all of them.
      await eventually(() => expect(told.flat()).to.include("lost"));
      await eventually(() => router.bind(address));

      await eventually(() => {
        const connected = told.filter((of) => of.at(-1) === "connected");
        expect(connected.length).to.be.at.least(50);
        expect(connected.length + told.filter((of) => of.at(-1) === "lost").length).to.equal(100);
      });
      expect(told.flat()).to.include("trying after 1");
    } finally {
      for (const attachment of attachments) attachment.close();
      router.close();
    }
  });

  for (const address of ["tcp://127.0.0.1:99999", "tcp://*:5454", "nowhere", ""]) {
    it(`is told that ${JSON.stringify(address)} cannot be reached, as with any other`, async () => {
      const told: string[] = [];
      open(address, told);

      expect(told).to.deep.equal([]);
      await eventually(() => expect(told).to.deep.equal(["lost"]));
    });
  }

  it("is told that a wrong address of events cannot be reached", async () => {
    const second: string[] = [];
    const { router } = await attachedStand();
    const other = open(router.lastEndpoint as string, second);
    await eventually(() => expect(second).to.deep.equal(["connected"]));
    other.openEvents("tcp://*:1");

    await eventually(() => expect(second).to.deep.equal(["connected", "lost"]));
  });
});
