import { createConnection, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { Publisher, Pull, Router } from "zeromq";

import { socketFactsAt } from "../../../transmitter/src/sockets/zmtp-probe.js";
import { startTransmitter } from "../../../transmitter/src/transmitter.js";
import { FakeLogger } from "../../mesh/fake-logger.js";
import { eventually } from "../../support/eventually.js";

const greeting = Buffer.alloc(64);
greeting[0] = 0xff;
greeting[9] = 0x7f;
greeting[10] = 3;
greeting.write("NULL", 12);

/** What a port says that is no transmitter's. */
const foreign: Readonly<Record<string, Buffer>> = {
  "a web server": Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "no command behind the greeting": Buffer.concat([greeting, Buffer.from([0, 3, 1, 2, 3])]),
  "another command": Buffer.concat([greeting, Buffer.from([4, 6]), Buffer.from("\x05ERROR")]),
  "a command without a type": Buffer.concat([
    greeting,
    Buffer.from([4, 6]),
    Buffer.from("\x05READY"),
  ]),
  "a property that is cut": Buffer.concat([
    greeting,
    Buffer.from([4, 9]),
    Buffer.from("\x05READY\x0bSo"),
  ]),
  "a command of 2^63 bytes": Buffer.concat([greeting, Buffer.from([6]), Buffer.alloc(8, 0x7f)]),
};

describe("probe of a port", () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  it("tells the sockets of a transmitter apart, which sees nothing wrong in it", async () => {
    const log = new FakeLogger();
    const transmitter = await startTransmitter({ port: 0, mesh: "red" }, { logger: log.asLogger });
    open.push(transmitter);
    const [command, pub] = [portOf(transmitter.command), portOf(transmitter.pub)];

    expect(await socketFactsAt("127.0.0.1", command)).to.deep.equal({
      type: "ROUTER",
      eventPort: pub,
      mesh: "red",
    });
    expect(await socketFactsAt("127.0.0.1", pub)).to.deep.equal({
      type: "XPUB",
      eventPort: undefined,
      mesh: "red",
    });
    // The first fault that it sees comes later, from somebody else.
    createConnection(command, "127.0.0.1")
      .end("GET / HTTP/1.1\r\n\r\n")
      .on("error", () => undefined);
    await eventually(() => expect(transmitter.prometheus()).to.match(/handshakes_failed [^0]\n/));
    expect(transmitter.prometheus()).to.match(/handshakes_failed 1\n/);
    expect(log.lines("warn")).to.have.length(1);
  });

  it("names other sockets of ZeroMQ by their types", async () => {
    for (const [type, socket] of [
      ["ROUTER", new Router({ linger: 0 })],
      ["PUB", new Publisher({ linger: 0 })],
      ["PULL", new Pull({ linger: 0 })],
    ] as const) {
      open.push(socket);
      await socket.bind("tcp://127.0.0.1:*");
      const facts = await socketFactsAt("127.0.0.1", portOf(socket.lastEndpoint ?? ""));
      expect(facts).to.deep.equal({ type, eventPort: undefined, mesh: undefined });
    }
  });

  for (const [name, bytes] of Object.entries(foreign)) {
    it(`finds nothing at ${name}`, async () => {
      const port = await serve((socket) => void socket.write(bytes));

      expect(await socketFactsAt("127.0.0.1", port)).to.equal(undefined);
    });
  }

  it("reads an answer that comes byte by byte, and finds nothing in one that ends", async () => {
    const ready = Buffer.from("\x05READY\x0bSocket-Type\x00\x00\x00\x04XPUB");
    const whole = Buffer.concat([greeting, Buffer.from([4, ready.length]), ready]);
    const slow = await serve((socket) => {
      socket.setNoDelay(true);
      const bytes = [...whole];
      const timer = setInterval(() => {
        const next = bytes.shift();
        if (next === undefined) clearInterval(timer);
        else socket.write(Buffer.from([next]));
      }, 1);
    });
    const cut = await serve((socket) => void socket.end(whole.subarray(0, 80)));

    expect(await socketFactsAt("127.0.0.1", slow)).to.include({ type: "XPUB" });
    expect(await socketFactsAt("127.0.0.1", cut)).to.equal(undefined);
  });

  it("fails where nobody listens", async () => {
    const port = await serve(() => undefined);
    for (const one of open.splice(0)) await one.close();

    const error = await socketFactsAt("127.0.0.1", port).catch((thrown: unknown) => thrown);

    expect(error).to.include({ code: "ECONNREFUSED" });
  });

  async function serve(answer: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    return (server.address() as { readonly port: number }).port;
  }
});

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
