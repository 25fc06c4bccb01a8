import type { InProcessClient } from "@thynapse/cell-sdk";
import { expect } from "chai";

import type { TransmitterCore } from "../../transmitter/src/core/transmitter-core.js";
import { InProcessHub, isInProcess } from "../../transmitter/src/in-process.js";
import { VirtualClock } from "../../transmitter/src/virtual/virtual-clock.js";

const clock = new VirtualClock(1);

describe("in-process hub", () => {
  it("hands commands to the core under a name that no routing id has", () => {
    const { hub, calls } = makeHub();

    hub.connect(new FakeClient()).command(Buffer.from("hello"));

    expect(calls).to.deep.equal(["receive in-process/1 hello", "soon"]);
    expect(isInProcess("in-process/1")).to.equal(true);
    expect(isInProcess("\0abcd")).to.equal(false);
  });

  it("hands events to those alone that were admitted to exactly their topic", () => {
    const { hub, admitted } = makeHub();
    admitted.add("s-1 ");
    const clients = ["s-1 ", "s-1 ", "s-", "", "s-1 1"].map((topic) => {
      const client = new FakeClient();
      hub.connect(client).subscribe(topic);
      return client;
    });

    hub.publish(Buffer.from("s-1 1 1"), Buffer.from("an event"));

    expect(clients.map(({ heard }) => heard.length)).to.deep.equal([1, 1, 0, 0, 0]);
    expect(clients[0]?.heard).to.deep.equal(["s-1 1 1|an event"]);
  });

  it("hands no events to one that unsubscribed, and tells the core", () => {
    const { hub, admitted, calls } = makeHub();
    admitted.add("s-1 ");
    const client = new FakeClient();
    const connection = hub.connect(client);
    connection.subscribe("s-1 ");

    connection.unsubscribe("s-1 ");
    connection.unsubscribe("s-1 ");
    hub.publish(Buffer.from("s-1 1 1"), Buffer.from("an event"));

    expect(client.heard).to.deep.equal([]);
    expect(calls.filter((call) => call.startsWith("unsubscribed"))).to.have.length(1);
  });

  it("tells the core of a closed connection as the sockets do: its topics end, then it is gone", () => {
    const { hub, admitted, calls } = makeHub();
    admitted.add("p-1 ");
    const connection = hub.connect(new FakeClient());
    connection.subscribe("p-1 ");
    calls.length = 0;

    connection.close();
    connection.close();
    connection.command(Buffer.from("too late"));
    connection.subscribe("p-1 ");

    expect(calls).to.deep.equal(["unsubscribed p-1 ", "unreachable in-process/1", "soon"]);
  });

  it("tells the core that a command found nobody", () => {
    const { hub, calls } = makeHub();

    hub.send("in-process/9", Buffer.from("hello"));

    expect(calls).to.deep.equal(["unreachable in-process/9", "soon"]);
  });

  it("tells all cells when the transmitter ends", () => {
    const { hub } = makeHub();
    const client = new FakeClient();
    const connection = hub.connect(client);

    hub.closeAll("drained");
    hub.closeAll("drained");
    connection.command(Buffer.from("too late"));

    expect(client.ended).to.deep.equal(["drained"]);
  });
});

/** A cell that keeps what it is told. */
class FakeClient implements InProcessClient {
  readonly heard: string[] = [];
  readonly ended: string[] = [];

  command(part: Buffer): void {
    this.heard.push(String(part));
  }

  events(head: Buffer, part: Buffer): void {
    this.heard.push(`${String(head)}|${String(part)}`);
  }

  closed(reason: string): void {
    this.ended.push(reason);
  }
}

function makeHub() {
  const calls: string[] = [];
  const admitted = new Set<string>();
  const core = {
    receive: (connection: string, [part]: Buffer[]) =>
      calls.push(`receive ${connection} ${String(part)}`),
    subscribed: (topic: Buffer) => admitted.has(String(topic)),
    unsubscribed: (topic: Buffer) => calls.push(`unsubscribed ${String(topic)}`),
    unreachable: (connection: string) => calls.push(`unreachable ${connection}`),
  };
  const soon = (): void => void calls.push("soon");
  const hub = new InProcessHub(core as unknown as TransmitterCore, clock, soon);
  return { hub, calls, admitted };
}
