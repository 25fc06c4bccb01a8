import { createServer } from "node:net";
import { expect } from "chai";

import { Seeds } from "../../transmitter/src/links/seeds.js";
import { startTransmitter, type Transmitter } from "../../transmitter/src/transmitter.js";
import { FakeLogger } from "../mesh/fake-logger.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";

describe("seeds", () => {
  let transmitter: Transmitter;
  let command: string;
  let seeds: Seeds;
  const told: string[] = [];
  const log = new FakeLogger();

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent" });
    command = transmitter.command.slice("tcp://".length);
  });
  after(() => transmitter.close());
  beforeEach(() => {
    told.length = 0;
    const knocker = {
      knock: (at: string) => void told.push(`knock ${at}`),
      unknock: (at: string) => void told.push(`unknock ${at}`),
    };
    seeds = new Seeds({ mesh: "default", knocker, log: log.asLogger });
  });
  afterEach(() => seeds.close());

  it("are knocked at by their event sockets, whichever port and name was given", async () => {
    const pub = transmitter.pub.slice("tcp://".length);
    const named = command.replace("127.0.0.1", "localhost");

    seeds.set([command, pub, named]);

    await eventually(() => {
      expect(told).to.deep.equal(Array.from({ length: 3 }, () => `knock ${transmitter.pub}`));
    });
  });

  it("are left when they are named no more, and only those", async () => {
    seeds.set([command, "127.0.0.1:1"]);
    await eventually(() => expect(told).to.have.length(1));

    seeds.set([command]);
    expect(told).to.have.length(1);
    seeds.set(["127.0.0.1:1"]);

    expect(told[1]).to.equal(`unknock ${transmitter.pub}`);
  });

  it("are looked for again until somebody is there", async () => {
    const port = await freePort();
    seeds.set([`127.0.0.1:${port}`]);

    const late = await startTransmitter({ port, pubPort: 0, logLevel: "silent" });

    await eventually(() => expect(told).to.deep.equal([`knock ${late.pub}`]));
    await late.close();
  });

  it("of another mesh are complained of once, with the names of both, and knocked at", async () => {
    const other = await startTransmitter({ port: 0, mesh: "red", logLevel: "silent" });
    const places = [other.command, other.pub].map((at) => at.slice("tcp://".length));

    seeds.set([...places, command]);

    await eventually(() => {
      for (const place of places) {
        const said = log.lines("warn").filter((line) => line.includes(`MESH_MISMATCH: ${place}`));
        expect(said).to.have.length(1);
        expect(said[0]).to.include('mesh "red", this one to "default"; give both the same --mesh');
      }
    });
    const knocks = [other.pub, other.pub, transmitter.pub].map((at) => `knock ${at}`);
    await eventually(() => expect(told).to.have.members(knocks));
    await other.close();
  });

  it("that are no transmitters are complained of once in a while, not at each look", async () => {
    let looks = 0;
    const server = createServer((socket) => {
      looks++;
      socket
        .resume()
        .on("error", () => undefined)
        .end("220 mail.example.org\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const place = `127.0.0.1:${(server.address() as { port: number }).port}`;

    seeds.set([place]);
    await eventually(() => expect(looks).to.be.at.least(3));
    seeds.close();
    await new Promise((resolve) => server.close(resolve));

    const lines = log.lines("warn").filter((line) => line.includes(place));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include("is no transmitter");
    expect(told).to.deep.equal([]);
  });
});
