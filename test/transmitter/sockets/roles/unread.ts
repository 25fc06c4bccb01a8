import { Context, Dealer, Publisher, XSubscriber } from "zeromq";

import { CommandSocket } from "../../../../transmitter/src/sockets/command-socket.js";
import { EventSocket } from "../../../../transmitter/src/sockets/event-socket.js";
import { LinkSocket } from "../../../../transmitter/src/sockets/link-socket.js";

/**
 * A process in the role of its first argument, with the address in its second one.
 *
 * - `command`, `events`, `links`: a socket of a transmitter that nobody reads. Says `at ADDRESS` of
 *   where it listens, and then `alive` ten times a second.
 * - `dealer`, `subscriber`, `publisher`: sends more than the other one has room for. Says `sent`.
 */
const [, , role = "", address = ""] = process.argv;
const deadAfterMs = 1200;
const options = { context: new Context(), ipv6: false, mesh: "default", deadAfterMs };
const ignore = (): void => {};
/** More than wait in a pipe by default, and less than the system holds on the way. */
const messages = 3000;
const everyMs = 100;

async function listen(socket: { bind(at: string): Promise<void>; lastEndpoint: string | null }) {
  await socket.bind("tcp://127.0.0.1:*");
  process.stdout.write(`at ${socket.lastEndpoint}\n`);
}

async function main(): Promise<void> {
  if (role === "command") {
    const handlers = { unreachable: ignore, overflowed: ignore, failed: ignore };
    await listen(new CommandSocket({ ...options, queueBytesMax: 1 << 20 }, handlers).socket);
  } else if (role === "events") {
    const handlers = { subscribed: () => false, unsubscribed: ignore, failed: ignore };
    await listen(new EventSocket({ ...options, highWaterMark: 1024 }, handlers).socket);
  } else if (role === "links") {
    const links = new LinkSocket(options, { received: ignore, undiallable: ignore });
    links.subscribe("");
    links.dial(address);
  } else await flood();
  setInterval(() => process.stdout.write("alive\n"), everyMs);
}

async function flood(): Promise<void> {
  const part = Buffer.alloc(100, "x");
  if (role === "dealer") {
    const dealer = new Dealer({ sendHighWaterMark: 0 });
    dealer.connect(address);
    for (let count = 0; count < messages; count++) await dealer.send(part);
  } else if (role === "subscriber") {
    const subscriber = new XSubscriber({ sendHighWaterMark: 0 });
    subscriber.connect(address);
    for (let count = 0; count < messages; count++) await subscriber.send(`\x01${count}`);
  } else {
    const publisher = new Publisher({ sendHighWaterMark: 0, heartbeatInterval: 100 });
    await listen(publisher);
    const seen = new Promise((resolve) => publisher.events.on("handshake", resolve));
    await seen;
    for (let count = 0; count < messages; count++) await publisher.send([part, part]);
  }
  process.stdout.write("sent\n");
}

void main();
