import { expect } from "chai";
import { Subscriber, XSubscriber } from "zeromq";

import { eventually } from "../../../support/eventually.js";
import { greeting, RawConnection, readiness } from "../raw.js";
import { Stranger } from "../stranger.js";
import { sharedSubject, type Subject } from "../subject.js";
import { damageBytes } from "./damage.js";
import { anyBytes, type Dice, oneIn, pick, seededDice } from "./dice.js";

const full = process.env["FUZZ"] === "full";
const seed = Number(process.env["SEED"] ?? 1);
const messages = full ? 100_000 : 2_000;

/** What a transmitter may keep more after a flood than after the one before it, in bytes. */
const growthMax = 64 * 1024 * 1024;

/*
 * Goal:   whatever comes to the event socket ends nothing and admits nobody; each subscription is counted as refused or
 *         passed over, and members still get their events.
 * Method: random frames, and subscriptions to real topics that were damaged, by an XSUB. It sends each new subscription
 *         and what is none; ends of subscriptions that there are not, and frames with flags of their own, come from a
 *         bare connection.
 * Replay: SEED=<n> npm run test:fuzz
 */
describe(`fuzz: the event socket (seed ${seed})`, () => {
  const subject = sharedSubject();

  it(`refuses or counts each of ${messages} random frames`, async () => {
    await flood(subject(), seededDice(seed), (dice) => anyBytes(dice, 60));
  });

  it(`refuses or counts each of ${messages} damaged subscriptions`, async () => {
    await flood(subject(), seededDice(seed), (dice, topics) => {
      const right = Buffer.from(`\x01${pick(dice, topics)} `, "latin1");
      const damaged = damageBytes(dice, right);
      return oneIn(dice, 3) ? damageBytes(dice, damaged) : damaged;
    });
  });

  it("keeps no memory for good", async () => {
    const draw = (dice: Dice): Buffer => Buffer.concat([Buffer.from([1]), anyBytes(dice, 60)]);
    await flood(subject(), seededDice(seed), draw);
    const before = await rssOf(subject());

    await flood(subject(), seededDice(seed + 1), draw);

    expect((await rssOf(subject())) - before).to.be.below(growthMax);
    await subject().expectUnharmed();
  });

  it("outlives bare connections whose frames have flags and lengths of their own", async () => {
    const dice = seededDice(seed);
    for (let round = 0; round < (full ? 500 : 50); round++) {
      const connection = new RawConnection(subject().pub);
      connection.send(greeting(), readiness("SUB"));
      await connection.answered(65);
      for (let frame = 0; frame < 40; frame++) {
        const body = anyBytes(dice, 40);
        const flags = oneIn(dice, 3) ? dice.roll(8) : pick(dice, [0, 0, 0, 4]);
        connection.send(Buffer.from([flags, oneIn(dice, 20) ? dice.roll(256) : body.length]), body);
      }
      connection.close();
    }

    await expectMembersServed(subject());
    await subject().expectUnharmed();
  });
});

/** Sends the frames while a cell listens, and has it get its event afterwards. */
async function flood(
  subject: Subject,
  dice: Dice,
  draw: (dice: Dice, topics: readonly string[]) => Buffer,
): Promise<void> {
  const cell = await Stranger.cell(subject);
  const raw = new XSubscriber({ linger: 0, sendHighWaterMark: 0 });
  try {
    const topics = await topicsOf(cell);
    const known = new Set(topics.map((topic) => `\x01${topic} `));
    const account = new Account(cell, await countsOf(cell));
    raw.connect(subject.pub);
    for (let sent = 0; sent < messages; sent++) {
      const frame = draw(dice, topics);
      // A whole topic would be admitted, rightly; an end of what was not subscribed never leaves an XSUB.
      if (known.has(frame.toString("latin1")) || frame[0] === 0) continue;
      account.note(frame);
      await raw.send(frame);
      // ZeroMQ reads no further where a thousand wait, and then takes the connection for dead.
      if (sent % 500 === 0) await account.settle();
    }
    await account.settle();
  } finally {
    raw.close();
    await cell.leave();
  }
  await expectMembersServed(subject);
}

/** What was sent, against what was counted. */
class Account {
  private readonly cell: Stranger;
  private readonly before: Counts;
  private offered = 0;
  private foreign = 0;

  constructor(cell: Stranger, before: Counts) {
    this.cell = cell;
    this.before = before;
  }

  note(frame: Buffer): void {
    if (frame[0] === 1) this.offered++;
    else this.foreign++;
  }

  /** Waits until everything that was sent is counted, and nothing else. */
  async settle(): Promise<void> {
    const { cell, before, offered, foreign } = this;
    await eventually(
      async () => {
        const after = await countsOf(cell);
        const looked = after.refused - before.refused + after.passedOver - before.passedOver;
        expect([looked, after.foreign - before.foreign]).to.deep.equal([offered, foreign]);
      },
      { withinMs: 30_000 },
    );
  }
}

async function topicsOf(cell: Stranger): Promise<string[]> {
  const topics: string[] = [String(cell.welcome["presence"])];
  for (const pattern of ["a", "b.*", "**"]) {
    await cell.say("CTCH", { pattern, mode: "multi" });
    topics.push(String((await cell.expect("CGHT"))["topic"]));
  }
  return topics;
}

interface Counts {
  readonly refused: number;
  readonly foreign: number;
  readonly passedOver: number;
}

async function countsOf(cell: Stranger): Promise<Counts> {
  const { text } = (await cell.ask("$mesh.prometheus")) as { text: string };
  const valueOf = (name: string): number =>
    Number(new RegExp(`^thynapse_${name} (\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  return {
    refused: valueOf("subscriptions_refused_total"),
    foreign: valueOf("foreign_notices"),
    passedOver: valueOf("subscriptions_passed_over"),
  };
}

/** A cell subscribes, is armed by the mark, and gets an event on its stream. */
async function expectMembersServed(subject: Subject): Promise<void> {
  const cell = await Stranger.cell(subject);
  const member = new Subscriber({ linger: 0, receiveTimeout: 500 });
  try {
    await cell.say("CTCH", { pattern: "good.event", mode: "multi" });
    const topic = String((await cell.expect("CGHT"))["topic"]);
    member.connect(subject.pub);
    await eventually(async () => {
      member.unsubscribe(`${topic} `);
      member.subscribe(`${topic} `);
      expect(String((await member.receive())[1])).to.match(/^J MARK/);
    });
    await cell.say("EVNT", { channel: "good.event", data: "served" });
    await eventually(async () => expect(String((await member.receive())[1])).to.include("served"));
    await cell.leave();
  } finally {
    member.close();
    cell.close();
  }
}

async function rssOf(subject: Subject): Promise<number> {
  return ((await subject.ask("$mesh.status")) as { rssBytes: number }).rssBytes;
}
