import { randomThid } from "@thynapse/protocol";
import { expect } from "chai";
import type { Dealer } from "zeromq";

import { eventually } from "../../support/eventually.js";
import { closeAll, dealerTo, heard } from "../hand-cell.js";
import { whole } from "../proofs/views.js";
import type { Actor } from "./actor.js";
import { endMeshes, FaultMesh } from "./fault-mesh.js";
import { handledEvents } from "./handlings.js";

const channel = "orders.created";

/* Written by hand, because the SDK changes its home only when it has lost it. */
describe("faults: a sender that repeats its event at another transmitter while the first lives", () => {
  afterEach(endMeshes);
  afterEach(closeAll);

  it("has it handled once, whoever holds it, and is told by its new home", async () => {
    const { mesh, cells } = await groupAtThree();
    const id = randomThid();
    const first = dealerTo(mesh.transmitter.command);
    await helo(first, { id, session: 1 });
    await first.send(eventOf({ seq: 1, data: { deed: "hold" } }));
    const holder = await eventually(() => holderOf(cells));

    const second = dealerTo(mesh.transmitters[2]!.command);
    await helo(second, { id, session: 2 });
    await second.send(eventOf({ seq: 1, repeat: true, data: { deed: "hold" } }));
    const accepted = await heard(second, /^J CNFM .*"accepted"/);
    await holder.tell("finish");
    const handled = await heard(second, /^J CNFM .*"handled"/);

    expect([accepted, handled].every((text) => text.includes('"seq":1'))).to.equal(true);
    const [event, ...others] = [...handledEvents(mesh.records()).values()];
    expect(others).to.deep.equal([]);
    expect([event?.begun.length, event?.acked.length]).to.deep.equal([1, 1]);
  });

  it("has it handled once where it was handled before, and is told so", async () => {
    const { mesh } = await groupAtThree();
    const id = randomThid();
    const first = dealerTo(mesh.transmitter.command);
    await helo(first, { id, session: 1 });
    await first.send(eventOf({ seq: 1, data: null }));
    await heard(first, /^J CNFM .*"handled"/);

    const second = dealerTo(mesh.transmitters[1]!.command);
    await helo(second, { id, session: 2 });
    await second.send(eventOf({ seq: 1, repeat: true, data: null }));
    await heard(second, /^J CNFM .*"handled"/);

    const [event] = [...handledEvents(mesh.records()).values()];
    expect([event?.begun.length, event?.acked.length]).to.deep.equal([1, 1]);
  });
});

async function groupAtThree() {
  const mesh = await FaultMesh.start({}, {}, {});
  await whole(mesh.transmitters.map(({ command }) => command));
  const cells: Actor[] = [];
  for (const home of mesh.transmitters) {
    cells.push(...(await mesh.seatGroup("billing", 1, { pattern: "orders.*", home })));
  }
  return { mesh, cells };
}

async function helo(
  dealer: Dealer,
  fields: { readonly id: string; readonly session: number },
): Promise<void> {
  await dealer.send(`J HELO ${JSON.stringify({ service: "shop", ...fields })}`);
  expect(await heard(dealer, /^J (?:WLCM|ERRO) /)).to.match(/^J WLCM /);
}

function eventOf(fields: {
  readonly seq: number;
  readonly repeat?: boolean;
  readonly data: unknown;
}) {
  return `J EVNT ${JSON.stringify({ channel, ...fields })}`;
}

function holderOf(cells: readonly Actor[]): Actor {
  const holder = cells.find(({ holding }) => holding.length > 0);
  if (holder === undefined) throw new Error("nobody has begun");
  return holder;
}
