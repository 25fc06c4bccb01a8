import { expect } from "chai";
import { Context, XPublisher } from "zeromq";

import { LinkSocket } from "../../../transmitter/src/sockets/link-socket.js";
import { eventually } from "../../support/eventually.js";

const topic = "@mesh of-the-tests ";

/** An event socket at 127.0.0.1, and who subscribes there, in order: `+` and `-` with the topic. */
class Ear {
  readonly notices: string[] = [];
  port = 0;
  private readonly socket = new XPublisher({ context: new Context(), linger: 0 });

  async open(): Promise<this> {
    await this.socket.bind("tcp://127.0.0.1:*");
    this.port = Number(/\d+$/.exec(this.socket.lastEndpoint ?? "")?.[0]);
    void this.hear();
    return this;
  }

  close(): void {
    this.socket.close();
  }

  private async hear(): Promise<void> {
    for await (const [notice] of this.socket) {
      if (notice !== undefined) this.notices.push(`${notice[0] === 1 ? "+" : "-"}${text(notice)}`);
    }
  }
}

function text(notice: Buffer): string {
  return notice.toString("latin1", 1);
}

/** Links, and a system that knows some names. */
class Stand {
  readonly undiallable: string[] = [];
  /** Where each name leads. */
  readonly names = new Map<string, readonly string[]>();
  /** Names that were looked up, in order. */
  readonly looked: string[] = [];
  /** Looks that wait until they are let go on. */
  readonly held: (() => void)[] = [];
  holds = false;
  readonly links: LinkSocket;
  private readonly ears: Ear[] = [];

  constructor() {
    this.links = new LinkSocket(
      { context: new Context(), ipv6: false, mesh: "default", deadAfterMs: 1200 },
      { received: () => undefined, undiallable: (address) => this.undiallable.push(address) },
      async (host) => {
        this.looked.push(host);
        if (this.holds) await new Promise<void>((resolve) => void this.held.push(resolve));
        const to = this.names.get(host);
        if (to === undefined) throw new Error("ENOTFOUND");
        return to;
      },
    );
    this.links.subscribe(topic);
    this.links.introduce(topic);
    // A SUB that nobody reads does nothing.
    for (const socket of this.links.sockets) void socket.receive().catch(() => undefined);
  }

  async ear(): Promise<Ear> {
    const ear = await new Ear().open();
    this.ears.push(ear);
    return ear;
  }

  close(): void {
    this.links.close();
    for (const ear of this.ears) ear.close();
  }
}

describe("names that are dialled", () => {
  let stand: Stand;
  beforeEach(() => {
    stand = new Stand();
  });
  afterEach(() => stand.close());

  it("are looked up before ZeroMQ gets to know of them, until they are found", async () => {
    const { links, names, looked, undiallable } = stand;
    const ear = await stand.ear();

    links.dial(`tcp://late.example:${ear.port}`);
    await eventually(() => expect(looked).to.have.length.above(1));
    names.set("late.example", ["127.0.0.1"]);

    await eventually(() => expect(ear.notices).to.deep.equal([`+${topic}`]));
    expect(links.sockets[0].lastEndpoint).to.equal(`tcp://127.0.0.1:${ear.port}`);
    expect(undiallable[0]).to.equal(`tcp://late.example:${ear.port}`);
  });

  it("are followed when they lead elsewhere, and kept to while they do not", async () => {
    const { links, names, looked } = stand;
    const ear = await stand.ear();
    names.set("moving.example", ["127.0.0.9"]);
    links.dial(`tcp://moving.example:${ear.port}`);
    await eventually(() => expect(looked).to.have.length(1));

    names.set("moving.example", ["127.0.0.1"]);
    await eventually(() => expect(ear.notices).to.deep.equal([`+${topic}`]));
    names.set("moving.example", ["127.0.0.9", "127.0.0.1"]);
    const before = looked.length;
    links.dial(`tcp://moving.example:${ear.port}`);
    await eventually(() => expect(looked).to.have.length.above(before + 1));
    names.delete("moving.example");
    await eventually(() => expect(looked).to.have.length.above(before + 2));

    links.subscribe("next");
    await eventually(() => expect(ear.notices).to.deep.equal([`+${topic}`, "+next"]));
  });

  it("are looked up at once, and soon again, when they are dialled again", async () => {
    const { links, names, looked } = stand;
    names.set("known.example", ["127.0.0.1"]);
    links.dial("tcp://known.example:9");
    await eventually(() => expect(looked).to.have.length.above(3));
    const before = looked.length;

    links.dial("tcp://known.example:9");

    expect(looked).to.have.length(before + 1);
    // Else the next look would come after 0.6 s at the earliest, and the one behind it after 1.8 s.
    await eventually(() => expect(looked).to.have.length(before + 3), { withinMs: 1500 });
  });

  it("lead to one address, to one of IPv4 if there is one", async () => {
    const { links, names } = stand;
    const ear = await stand.ear();
    names.set("both.example", ["::1", "127.0.0.1", "127.0.0.9"]);

    links.dial(`tcp://both.example:${ear.port}`);
    await eventually(() => expect(ear.notices).to.deep.equal([`+${topic}`]));
    names.set("six.example", ["::1"]);
    links.dial("tcp://six.example:9");

    await eventually(() => {
      expect(links.sockets[0].lastEndpoint).to.equal("tcp://[::1]:9");
    });
  });

  it("are not connected to by a lookup that ends when they are hung up", async () => {
    const { links, names, held } = stand;
    const [hungUp, wanted] = [await stand.ear(), await stand.ear()];
    names.set("slow.example", ["127.0.0.1"]);
    stand.holds = true;
    links.dial(`tcp://slow.example:${hungUp.port}`);
    links.knock(`tcp://slow.example:${hungUp.port}`);
    links.dial(`tcp://slow.example:${wanted.port}`);
    expect(held).to.have.length(3);

    links.hangUp(`tcp://slow.example:${hungUp.port}`);
    links.unknock(`tcp://slow.example:${hungUp.port}`);
    for (const goOn of held) goOn();

    await eventually(() => expect(wanted.notices).to.deep.equal([`+${topic}`]));
    links.hangUp(`tcp://slow.example:${wanted.port}`);
    links.dial(`tcp://127.0.0.1:${hungUp.port}`);
    await eventually(() => expect(hungUp.notices).to.have.length(1));
    links.unsubscribe(topic);
    await eventually(() => expect(hungUp.notices).to.deep.equal([`+${topic}`, `-${topic}`]));
  });

  it("are not connected to by a lookup that ends when all is closed", async () => {
    const { links, names, held, undiallable } = stand;
    names.set("slow.example", ["127.0.0.1"]);
    stand.holds = true;
    links.dial("tcp://slow.example:9");
    links.close();

    for (const goOn of held) goOn();
    await new Promise((resolve) => setImmediate(resolve));

    // A socket that is closed would have been told of as one that cannot be connected.
    expect(undiallable).to.deep.equal([]);
  });

  it("share a connection where they lead to one address, until the last is hung up", async () => {
    const { links, names } = stand;
    const ear = await stand.ear();
    for (const name of ["a.example", "b.example"]) names.set(name, ["127.0.0.1"]);
    const addresses = ["a.example", "127.0.0.1", "b.example"].map(
      (host) => `tcp://${host}:${ear.port}`,
    );
    for (const address of addresses) links.dial(address);
    await eventually(() => expect(stand.looked).to.include.members(["a.example", "b.example"]));

    for (const address of addresses.slice(0, 2)) links.hangUp(address);
    links.subscribe("next");
    await eventually(() => expect(ear.notices).to.deep.equal([`+${topic}`, "+next"]));
    links.hangUp(addresses[2] ?? "");

    await eventually(() => expect(ear.notices).to.have.length(4));
  });
});
