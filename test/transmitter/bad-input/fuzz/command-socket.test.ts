import { setImmediate as yieldToLoop } from "node:timers/promises";

import { expect } from "chai";

import { Stranger } from "../stranger.js";
import { sharedSubject, type Subject } from "../subject.js";
import { drawDamaged, drawNonsense } from "./damage.js";
import { anyBytes, type Dice, oneIn, seededDice } from "./dice.js";
import { Flooder } from "./flooder.js";
import { drawCommand, encodeSaid } from "./said.js";

const full = process.env["FUZZ"] === "full";
const seed = Number(process.env["SEED"] ?? 1);

/** Messages of one kind; the full count runs as a script of its own. */
const messages = full ? 100_000 : 2_000;
const connections = full ? 40 : 8;

/** Messages of one connection that may be unanswered. */
const perRound = 200;

/** What a transmitter may keep more after a flood than after the one before it, in bytes. */
const growthMax = 64 * 1024 * 1024;

/*
 * Goal:   random and damaged messages on the command socket never end the process or cost it memory for good; each is
 *         answered or counted, and a good request is served afterwards.
 * Method: connections in J and in M send what follows from the seed, right commands among it so that there is something
 *         to break. An error budget of 20 would have nearly all of it dropped unread, so theirs is larger; how little
 *         of it is read with the usual one is a test of its own.
 * Replay: SEED=<n> npm run test:fuzz
 */
describe(`fuzz: the command socket (seed ${seed})`, () => {
  const subject = sharedSubject(
    [
      ...["--error-budget", "1000000", "--group-keep", "1s", "--stream-keep", "1s"],
      ...["--ring", "1MiB", "--backlog", "1MiB", "--dead-letter-bytes", "1MiB"],
    ],
    // What is kept by mistake ends the process: all that it may keep fits into half of this.
    ["--max-old-space-size=128"],
  );

  const kinds: Readonly<Record<string, (dice: Dice, flooder: Flooder) => Buffer>> = {
    random: (dice) => drawNonsense(dice),
    damaged: (dice, flooder) =>
      oneIn(dice, 4)
        ? encodeSaid(flooder.encoding, drawCommand(dice, flooder))
        : drawDamaged(dice, flooder),
  };

  for (const [kind, draw] of Object.entries(kinds)) {
    it(`answers or counts each of ${messages} ${kind} messages, and keeps no memory`, async () => {
      await flood(subject(), seededDice(seed), draw);
      const before = await rssOf(subject());

      await flood(subject(), seededDice(seed + 1), draw);

      expect((await rssOf(subject())) - before).to.be.below(growthMax);
      await subject().expectUnharmed();
    });
  }
});

describe(`fuzz: the command socket with the usual error budget (seed ${seed})`, () => {
  const subject = sharedSubject();

  it("answers 20 errors of each of 100 connections, and counts the rest", async () => {
    const dice = seededDice(seed);
    for (let number = 0; number < 100; number++) {
      const flooder = new Flooder(subject(), number % 2 === 0 ? "J" : "M");
      const nonsense = Array.from({ length: 50 }, () =>
        Buffer.concat([Buffer.from("?"), anyBytes(dice, 40)]),
      );
      for (const bytes of nonsense) await flooder.send(bytes);
      await flooder.errorsReach(20);
      flooder.close();
    }

    const { framesMuted, connectionsMuted, errorsAnswered } = await subject().metrics();
    expect({ framesMuted, connectionsMuted, errorsAnswered }).to.deep.equal({
      framesMuted: 3000,
      connectionsMuted: 100,
      errorsAnswered: 2000,
    });
    await subject().expectUnharmed();
  });
});

/** Sends half of the messages from many connections at once, and has each served at the end. */
async function flood(
  subject: Subject,
  dice: Dice,
  draw: (dice: Dice, flooder: Flooder) => Buffer,
): Promise<void> {
  const watcher = await Stranger.cell(subject);
  // What it says must be what it asks, and no more, for the accounts to be exact.
  watcher.beating = false;
  const before = await countsOf(watcher);
  const flooders = Array.from(
    { length: connections },
    (_, number) => new Flooder(subject, number % 2 === 0 ? "J" : "M"),
  );
  try {
    for (const flooder of flooders) await flooder.beServed("first");
    for (let sent = 0; sent < messages / 2; sent++) {
      const flooder = flooders[sent % flooders.length] as Flooder;
      if (oneIn(dice, 50)) await flooder.send("many", anyBytes(dice, 9), anyBytes(dice, 9));
      else await flooder.send(draw(dice, flooder));
      // Sends that succeed never let the event loop run, and ZeroMQ cuts who does not read.
      if (sent % 50 === 0) await yieldToLoop();
      if (sent % (perRound * flooders.length) === 0) await catchUp(flooders);
    }
    for (const flooder of flooders) await flooder.beServed("last");
    expectAccounts(flooders, before, await countsOf(watcher));
  } finally {
    for (const flooder of flooders) flooder.close();
    await watcher.leave();
  }
}

/** Lets the answers come: ZeroMQ reads no further, and then cuts, where a thousand messages wait. */
async function catchUp(flooders: readonly Flooder[]): Promise<void> {
  await Promise.all(flooders.map((flooder) => flooder.catchUp()));
}

interface Counts {
  readonly said: number;
  readonly read: number;
  readonly empty: number;
  readonly errors: number;
}

/** What the transmitter has counted, and what the watcher itself had said by then. */
async function countsOf(watcher: Stranger): Promise<Counts> {
  const metrics = (await watcher.ask("$mesh.metrics")) as Record<string, number>;
  const { commandsReceived = 0, framesEmpty = 0, errorsAnswered = 0 } = metrics;
  return {
    said: watcher.sentCount,
    read: commandsReceived,
    empty: framesEmpty,
    errors: errorsAnswered,
  };
}

/** Says that every message sent was read, was empty, or was refused for its parts; and that each error arrived. */
function expectAccounts(flooders: readonly Flooder[], before: Counts, after: Counts): void {
  const sum = (of: (flooder: Flooder) => number): number =>
    flooders.reduce((total, flooder) => total + of(flooder), 0);
  const sent = sum(({ sentCount }) => sentCount) + after.said - before.said;
  const partial = sum(({ manyParts }) => manyParts);
  expect(after.read - before.read + after.empty - before.empty + partial).to.equal(sent);

  const heard = sum(({ errorCount }) => errorCount);
  const stale = sum(({ errors }) => errors.get("STALE_ATTEMPT") ?? 0);
  expect(after.errors - before.errors).to.be.within(heard - stale, heard);
  expect(sum(({ errors }) => errors.get("INTERNAL") ?? 0)).to.equal(0);
}

async function rssOf(subject: Subject): Promise<number> {
  return ((await subject.ask("$mesh.status")) as { rssBytes: number }).rssBytes;
}
