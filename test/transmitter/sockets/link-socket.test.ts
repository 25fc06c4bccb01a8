import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Context } from "zeromq";

import { randomThid } from "../../../protocol/src/thid.js";
import { type LinkHello, writeHello } from "../../../transmitter/src/core/mesh/hello.js";
import { Mesh } from "../../../transmitter/src/core/mesh/mesh.js";
import { EventSocket } from "../../../transmitter/src/sockets/event-socket.js";
import { LinkSocket } from "../../../transmitter/src/sockets/link-socket.js";
import { Pump, TurnBudget } from "../../../transmitter/src/sockets/pump.js";
import { eventually } from "../../support/eventually.js";
import { freePort } from "../../support/free-port.js";
import { proving } from "../mesh/net.js";

const prove = proving("secret of the tests");
const limits = {
  linkWindow: 256,
  linkBytesMax: 16 * 1024 * 1024,
  heartbeatMs: 250,
  acceptablePauseMs: 1000,
  threshold: 8,
  cutMs: 300,
  forgetMs: 600_000,
  joinTimeoutMs: 3000,
};

/** What of a transmitter has to do with others: its event socket, its links and what it knows. */
class Linked {
  static readonly all = new Set<Linked>();
  readonly hello: LinkHello;
  readonly mesh: Mesh;
  readonly refused: string[] = [];
  private readonly events: EventSocket;
  private readonly links: LinkSocket;
  private readonly timer: NodeJS.Timeout;

  static async start(
    port: number | "*" = "*",
    incarnation = 1,
    id = randomThid(),
  ): Promise<Linked> {
    const options = { context: new Context(), ipv6: false, mesh: "default", deadAfterMs: 1200 };
    const made: Linked[] = [];
    const events = new EventSocket(
      { ...options, highWaterMark: 512 },
      {
        subscribed: (topic) => made[0]?.heard(topic.toString("latin1")) ?? false,
        unsubscribed: (topic) => made[0]?.unheard(topic.toString("latin1")),
        failed: (error) => made[0]?.refused.push(String(error)),
      },
    );
    await events.socket.bind(`tcp://127.0.0.1:${port}`);
    const links = new LinkSocket(options, {
      received: (topic, head, part) => made[0]?.received(topic, head, part),
      undiallable: (address) => made[0]?.refused.push(address),
    });
    const linked = new Linked(events, links, { id, incarnation });
    made.push(linked);
    return linked;
  }

  private constructor(
    events: EventSocket,
    links: LinkSocket,
    { id, incarnation }: Pick<LinkHello, "id" | "incarnation">,
  ) {
    this.events = events;
    this.links = links;
    this.hello = {
      id,
      incarnation,
      mesh: "default",
      pub: events.socket.lastEndpoint ?? "",
      command: "tcp://127.0.0.1:1",
      nonce: randomBytes(16).toString("hex"),
    };
    const handlers = {
      member: () => undefined,
      changed: () => undefined,
      renewed: () => undefined,
      word: () => undefined,
      linked: () => undefined,
      begunAnew: () => undefined,
      cut: () => undefined,
      joined: () => undefined,
      livedOn: () => undefined,
      forgotten: () => undefined,
      away: () => undefined,
      twin: () => this.refused.push("twin"),
      refused: ({ code }: { readonly code: string }) => this.refused.push(code),
    };
    const actions = {
      dial: (address: string) => links.dial(address),
      hangUp: (address: string) => links.hangUp(address),
      subscribe: (topic: string) => links.subscribe(topic),
      unsubscribe: (topic: string) => links.unsubscribe(topic),
      publish: (head: Buffer, part: Buffer) => events.publish(head, part),
    };
    this.mesh = new Mesh(this.hello, { prove, limits, actions, handlers }, performance.now());
    this.mesh.start(0, performance.now());
    const budget = new TurnBudget();
    const turn = async (): Promise<void> => this.endTurn();
    const failed = (error: unknown): void => void this.refused.push(String(error));
    const sources = [
      { socket: events.socket, take: (parts: Buffer[]) => events.take(parts) },
      ...links.sockets.map((socket) => ({ socket, take: (parts: Buffer[]) => links.take(parts) })),
    ];
    for (const { socket, take } of sources) {
      new Pump(socket, { take, turn }, budget).run().catch(failed);
    }
    this.timer = setInterval(() => {
      this.mesh.tick(performance.now());
      this.endTurn();
    }, 20);
    Linked.all.add(this);
  }

  knock(at: { readonly hello: Pick<LinkHello, "pub"> }): void {
    this.links.introduce(writeHello(this.hello, prove));
    this.links.knock(at.hello.pub);
  }

  /** The states of others, by what they are to be. */
  sees(other: Linked): string | undefined {
    return this.mesh.members.get(other.hello.id)?.state;
  }

  hasLinkTo(other: Linked): boolean {
    return this.mesh.linkedPeers().includes(other.hello.id);
  }

  async end(): Promise<void> {
    Linked.all.delete(this);
    clearInterval(this.timer);
    this.links.close();
    this.events.close();
    await eventually(() => expect(this.events.socket.closed).to.equal(true));
  }

  private heard(topic: string): boolean {
    return this.mesh.subscribed(topic, performance.now()) ?? false;
  }

  private unheard(topic: string): void {
    this.mesh.unsubscribed(topic, performance.now());
  }

  private endTurn(): void {
    this.mesh.peering.cutOff(performance.now());
    this.mesh.flush();
  }

  private received(topic: string, head: string, part: Buffer): void {
    this.mesh.received(topic, head, part, performance.now());
  }
}

function allSee(linked: readonly Linked[], state: string): void {
  for (const one of linked) {
    for (const other of linked) if (one !== other) expect(one.sees(other)).to.equal(state);
  }
}

/** Whoever is seen alive by the heartbeats of others need not be linked yet. */
function allLinked(linked: readonly Linked[]): void {
  for (const one of linked) {
    for (const other of linked) if (one !== other) expect(one.hasLinkTo(other)).to.equal(true);
  }
}

describe("link socket", () => {
  afterEach(async () => {
    for (const linked of Linked.all) await linked.end();
  });

  it("links three over real sockets that all knock at one, itself included", async () => {
    const all = [await Linked.start(), await Linked.start(), await Linked.start()];
    const [seed, second, third] = all as [Linked, Linked, Linked];
    for (const linked of all) linked.knock(seed);
    await eventually(() => allSee(all, "alive"));

    third.mesh.set("color", "blue");
    await eventually(() => {
      for (const { mesh } of [seed, second]) {
        expect(mesh.directory.get(third.hello.id, "color")).to.equal("blue");
      }
    });
    for (const { refused } of all) expect(refused).to.deep.equal([]);
  });

  it("finds one that is gone dead within a second, and takes it back at its old address", async () => {
    const port = await freePort();
    const all = [await Linked.start(), await Linked.start(), await Linked.start(port)];
    const [seed, second, third] = all as [Linked, Linked, Linked];
    for (const linked of all) linked.knock(seed);
    await eventually(() => allSee(all, "alive"));
    await eventually(() => allLinked(all));

    await third.end();
    await eventually(
      () => {
        for (const one of [seed, second]) expect(one.sees(third)).to.equal("dead");
      },
      { withinMs: 1000 },
    );

    const again = await Linked.start(port, 2, third.hello.id);
    again.knock(seed);
    await eventually(() => allSee([seed, second, again], "alive"));
    expect(seed.mesh.members.get(again.hello.id)?.incarnation).to.equal(2);
  });

  it("knocks until a seed that comes later is there", async () => {
    const early = await Linked.start();
    const port = await freePort();
    early.knock({ hello: { pub: `tcp://127.0.0.1:${port}` } });
    const late = await Linked.start(port);
    await eventually(() => allSee([early, late], "alive"));
  });

  it("knows everything in the end, though more is told at once than pipes hold", async () => {
    const [a, b] = [await Linked.start(), await Linked.start()];
    b.knock(a);
    await eventually(() => allSee([a, b], "alive"));

    for (let n = 1; n <= 3000; n++) a.mesh.set(`key ${n}`, n);
    await eventually(() => {
      expect(b.mesh.directory.entriesOf(a.hello.id, "key ")).to.have.length(3000);
    });
  });

  it("connects to nothing but an address of TCP with a port", () => {
    const told: string[] = [];
    const links = new LinkSocket(
      { context: new Context(), ipv6: false, mesh: "default", deadAfterMs: 1200 },
      { received: () => undefined, undiallable: (address) => told.push(address) },
    );
    const bad = ["", "ipc:///tmp/x", "inproc://x", "tcp://*:1", "tcp://a:80x", "tcp://a:0"];
    const worse = ["tcp://a:65536", "tcp://a", "tcp://[::1:5", "tcp://a b:1", "tcp://a;b:1"];
    const hosts = ["-a", "_a", ".a", "1.2.3", "256.1.1.1", "[.]", "[1::2::3]", "[127.0.0.1]"];
    const all = [...bad, ...worse, ...hosts.map((host) => `tcp://${host}:1`)];

    for (const address of all) {
      links.dial(address);
      links.hangUp(address);
      links.knock(address);
      links.unknock(address);
    }

    expect(told).to.deep.equal(all.flatMap((address) => [address, address]));
    for (const host of ["127.0.0.1", "[::1]", "nosuch.invalid", "no_such-.invalid", "9a.invalid"]) {
      links.dial(`tcp://${host}:9`);
      links.hangUp(`tcp://${host}:9`);
      links.hangUp(`tcp://${host}:9`);
    }
    expect(told).to.have.length(2 * all.length);
    links.close();
  });

  it("throws nothing at whoever names an address that it cannot connect to", () => {
    const told: string[] = [];
    const links = new LinkSocket(
      { context: new Context(), ipv6: false, mesh: "default", deadAfterMs: 1200 },
      { received: () => undefined, undiallable: (address) => told.push(address) },
    );
    // Of what ZeroMQ refuses nothing gets as far as to it: but for a socket that is gone.
    links.close();

    links.dial("tcp://127.0.0.1:9");
    links.knock("tcp://127.0.0.1:9");

    expect(told).to.deep.equal(["tcp://127.0.0.1:9", "tcp://127.0.0.1:9"]);
  });
});
