import { expect } from "chai";
import { Dealer, Publisher, Pull, Push, Subscriber } from "zeromq";

import { eventually } from "../../../support/eventually.js";
import { greeting, longFrameHead, RawConnection, readiness } from "../raw.js";
import { Stranger } from "../stranger.js";
import type { Subject } from "../subject.js";
import { closing, type Scene } from "./scene.js";

const clientHello = Buffer.from(
  "16030100a5010000a10303000102030405060708090a0b0c0d0e0f1011121314151617181920c0",
  "hex",
);

/** What is said on a bare TCP connection before it is a ZMTP one, or never becomes one. */
const noHandshakes: Readonly<Record<string, readonly (Buffer | string)[]>> = {
  "an HTTP request": ["GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"],
  "a TLS hello": [clientHello],
  "an SSH banner": ["SSH-2.0-OpenSSH_9.6\r\n"],
  "a Redis command": ["*1\r\n$4\r\nPING\r\n"],
  zeros: [Buffer.alloc(4096)],
  "a greeting of ZMTP 1": [Buffer.from([0x01, 0x00])],
  "half a greeting": [greeting().subarray(0, 20)],
  "a greeting and nothing more": [greeting()],
  "a greeting with an unknown mechanism": [greeting("NONSENSE")],
  "a greeting with PLAIN": [greeting("PLAIN"), Buffer.from("\x04\x00")],
  "half a READY": [greeting(), readiness("DEALER").subarray(0, 9)],
  "a command that is no READY": [greeting(), Buffer.from("\x04\x06\x05WRONG", "latin1")],
  "a READY of a socket type that there is not": [greeting(), readiness("NONSENSE")],
};

/** What strangers say to the port of the command socket without a ZeroMQ socket that fits. */
export const rawCommandScenes: readonly Scene[] = [
  {
    ids: ["A31", "A32", "A33", "A34", "A36"],
    name: "300 silent connections, HTTP and other bytes that are no handshake are cut after 2 s",
    play: async (subject) => {
      const silent = Array.from({ length: 300 }, () => new RawConnection(subject.command));
      const talkers = Object.values(noHandshakes).map((bytes) => {
        const connection = new RawConnection(subject.command);
        connection.send(...bytes);
        return connection;
      });
      await closing([...silent, ...talkers], async () => {
        await expectServed(subject);

        for (const connection of [...talkers, ...silent]) await connection.gone();

        await eventually(() => expect(subject.logged("handshake").length).to.be.greaterThan(0));
        // Each kind of failure is said once a minute, whatever their number.
        expect(subject.logged("handshake").length).to.be.lessThan(10);
        await expectServed(subject);
      });
    },
  },
  {
    ids: ["A39", "A40"],
    name: "a SUB, a PUB, a PUSH or a PULL at the command port is refused by its type, and logged",
    play: async (subject) => {
      const sockets = [new Subscriber(), new Publisher(), new Push(), new Pull()];
      await closing(sockets, async () => {
        for (const socket of sockets) {
          socket.linger = 0;
          socket.connect(subject.command);
        }

        await eventually(() => {
          const lines = subject.logged("handshake").filter((line) => line.includes('"command"'));
          expect(lines.length).to.be.greaterThan(0);
        });
        await expectServed(subject);
      });
    },
  },
  {
    ids: ["A41"],
    name: "a frame that claims to be 4 GiB, 2^62, 2^63 or 2^64 − 1 bytes long ends its connection",
    play: async (subject) => {
      const lengths = [2n ** 32n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n];
      for (const [endpoint, type] of [
        [subject.command, "DEALER"],
        [subject.pub, "SUB"],
      ] as const) {
        const connections = lengths.map(() => new RawConnection(endpoint));
        await closing(connections, async () => {
          for (const [at, connection] of connections.entries()) {
            connection.send(greeting(), readiness(type));
            await connection.answered(65);
            connection.send(longFrameHead(lengths[at] as bigint), Buffer.from("J HELO {}"));
          }

          for (const connection of connections) await connection.gone();
        });
      }
      await expectServed(subject);
    },
  },
  {
    ids: ["A41"],
    name: "a frame that claims 4 MiB and never comes holds up nobody else",
    play: async (subject) => {
      const connections = Array.from({ length: 50 }, () => new RawConnection(subject.command));
      await closing(connections, async () => {
        for (const connection of connections) {
          connection.send(greeting(), readiness("DEALER"), longFrameHead(4n * 1024n * 1024n));
        }
        for (const connection of connections) await connection.answered(65);

        await expectServed(subject);
      });
    },
  },
  {
    ids: ["A45"],
    name: "2000 connections that say nothing hold up nobody, and are given back",
    play: async (subject) => {
      for (let round = 0; round < 4; round++) {
        const connections = Array.from({ length: 500 }, () => new RawConnection(subject.command));
        await closing(connections, async () => {
          for (const connection of connections) connection.send(greeting(), readiness("DEALER"));
          for (const connection of connections) await connection.answered(65);
          await expectServed(subject);
        });
      }
      await expectServed(subject);
    },
  },
  {
    ids: ["A45"],
    name: "100 strangers that come, say HELO and vanish leave no cell behind",
    play: async (subject) => {
      const dealers = Array.from({ length: 100 }, () => new Dealer({ linger: 0 }));
      await closing(dealers, async () => {
        for (const [at, dealer] of dealers.entries()) {
          dealer.connect(subject.command);
          const id = at.toString(16).padStart(40, "e");
          await dealer.send(`J HELO {"id":"${id}","service":"fleeting"}`);
        }
        for (const dealer of dealers)
          expect(String((await dealer.receive())[0])).to.match(/^J WLCM/);
      });

      await eventually(
        async () => {
          const { cells } = (await subject.ask("$mesh.status")) as { cells: number };
          // Who asks is one of them.
          expect(cells).to.equal(1);
        },
        { withinMs: 15_000 },
      );
    },
  },
];

async function expectServed(subject: Subject): Promise<void> {
  const cell = await Stranger.cell(subject);
  await closing([cell], async () => {
    await cell.expectServed();
    await cell.leave();
  });
}
