import { randomThid } from "@thynapse/protocol";
import { expect } from "chai";
import type { Dealer } from "zeromq";

import { eventually } from "../../support/eventually.js";
import { closeAll, dealerTo, heard } from "../hand-cell.js";
import { whole } from "../proofs/views.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import type { FaultTransmitter } from "./fault-transmitter.js";

describe("faults: two cells with one id", () => {
  afterEach(endMeshes);
  afterEach(closeAll);

  it("the second is refused with ID_TAKEN, and the first notices nothing", async () => {
    const mesh = await FaultMesh.start();
    const [first] = await mesh.seatGroup("billing", 1, { pattern: "orders.*" });
    const sender = await mesh.seatOne("shop");

    const failure = await mesh.seatTwin(first!).then(
      () => undefined,
      (error: Error) => error,
    );
    await sender.tell("send", { channel: "orders.created", count: 10 });

    expect(failure?.message).to.include("ID_TAKEN");
    const { begun, statuses } = await first!.tell("tally");
    expect(begun).to.equal(10);
    expect(statuses).to.include({ welcome: 1 }).and.not.have.property("reconnecting");
    expect(await mesh.violations()).to.deep.equal([]);
  });

  it("the second is refused at another transmitter too, until the first one's is gone", async () => {
    const mesh = await FaultMesh.start({}, {});
    const [home, other] = mesh.transmitters as [FaultTransmitter, FaultTransmitter];
    await whole([home.command, other.command]);
    const id = randomThid();
    const first = dealerTo(home.command);
    await helo(first, { id });
    // A catch stands when all know of it, and then they know of its cell.
    await first.send('J CTCH {"pattern":"orders.*","mode":"any"}');
    await heard(first, /^J CGHT /);

    const refused = await answerOf(dealerTo(other.command), { id });
    await first.send('J DROP {"catch":1}');
    await heard(first, /^J DRPD /);
    await home.kill();
    const taken = await eventually(
      async () => {
        const answer = await answerOf(dealerTo(other.command), { id });
        if (answer.startsWith("J ERRO")) throw new Error(answer);
        return answer;
      },
      { withinMs: 5000 },
    );

    expect(refused).to.match(/^J ERRO .*"code":"ID_TAKEN"/);
    expect(taken).to.match(/^J WLCM /);
  });

  it("the second takes over with the resume secret; the first is fenced, and what it says is refused", async () => {
    const mesh = await FaultMesh.start();
    const id = randomThid();
    const first = dealerTo(mesh.command);
    const { secret } = await helo(first, { id });
    await first.send('J CTCH {"pattern":"orders.*","mode":"any"}');
    await heard(first, /^J CGHT /);
    const sender = await mesh.seatOne("shop");
    const sending = sender.tell("send", { channel: "orders.created", count: 1 });
    const held = JSON.parse((await heard(first, /^J DLVR /)).slice(7)) as Delivery;

    const second = dealerTo(mesh.command);
    const claims = [{ pattern: "orders.*", held: [[held.from.id, held.seq, held.seq]] }];
    const taken = await helo(second, { id, secret, session: 2, claims });
    await second.send('J CTCH {"pattern":"orders.*","mode":"any"}');
    const fenced = await heard(first, /^J GBYE /);
    await first.send(settlementOf(held));
    const refused = await heard(first, /^J ERRO /);
    const again = JSON.parse((await heard(second, /^J DLVR /)).slice(7)) as Delivery;
    await second.send(settlementOf(again));

    expect(taken.secret)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(secret);
    expect(fenced).to.include('"reason":"fenced"');
    expect(refused).to.include('"code":"NOT_WELCOME"');
    expect(again).to.include({ seq: held.seq, claimed: true });
    expect((await sending).refused).to.deep.equal([]);
  });
});

interface Delivery {
  readonly catch: number;
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
  readonly seq: number;
  readonly claimed?: boolean;
  readonly from: { readonly id: string };
}

async function answerOf(dealer: Dealer, fields: object): Promise<string> {
  await dealer.send(`J HELO ${JSON.stringify({ service: "billing", ...fields })}`);
  return heard(dealer, /^J (?:WLCM|ERRO) /);
}

async function helo(dealer: Dealer, fields: object): Promise<{ readonly secret: string }> {
  await dealer.send(`J HELO ${JSON.stringify({ service: "billing", ...fields })}`);
  return JSON.parse((await heard(dealer, /^J WLCM /)).slice(7)) as { readonly secret: string };
}

function settlementOf({ catch: number, origin, number: delivery, attempt }: Delivery): string {
  const name = { catch: number, origin, number: delivery, attempt };
  return `J SETL ${JSON.stringify({ ...name, outcome: "ack", ref: 1 })}`;
}
