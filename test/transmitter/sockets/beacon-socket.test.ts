import { expect } from "chai";

import { BeaconSocket } from "../../../transmitter/src/sockets/beacon-socket.js";
import { eventually } from "../../support/eventually.js";

/** Of those that documentation uses: no machine has it. */
const nobodys = "203.0.113.7";

describe("beacon socket", () => {
  const open: BeaconSocket[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  it("hears an interface that has several addresses, and says where it cannot hear", async () => {
    const heard: string[] = [];
    const socket = made((datagram) => heard.push(String(datagram)));

    const deaf = await socket.open("0.0.0.0", ["127.0.0.1", "127.0.0.1", nobodys, "127.0.0.1"]);

    expect(deaf).to.deep.equal([nobodys]);
    const speaker = made(() => undefined);
    await speaker.open("127.0.0.1");
    const text = `beacon ${Date.now()}`;
    speaker.send(Buffer.from(text));
    await eventually(() => expect(heard).to.include(text));
  });

  it("gives up where it can hear at no address at all", async () => {
    const socket = made(() => undefined);

    const thrown: unknown = await socket.open("0.0.0.0", [nobodys]).catch((error) => error);

    expect(thrown).to.have.property("code").that.is.oneOf(["EADDRNOTAVAIL", "ENODEV"]);
  });

  function made(onDatagram: (datagram: Buffer) => void): BeaconSocket {
    const socket = new BeaconSocket(onDatagram);
    open.push(socket);
    return socket;
  }
});
