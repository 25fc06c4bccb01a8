import { expect } from "chai";

import { fieldRows } from "./rows/fields.js";
import { framingRows } from "./rows/framing.js";
import { jsonRows } from "./rows/json.js";
import { messagePackRows } from "./rows/message-pack.js";
import { channelRows, patternRows } from "./rows/names.js";
import { type Refusal, type Reply, type Row } from "./rows/row.js";
import { runRows } from "./rows/runs.js";
import { Stranger } from "./stranger.js";
import { sharedSubject, type Subject } from "./subject.js";

const sections: Readonly<Record<string, readonly Row[]>> = {
  "frames that are none": framingRows,
  "payloads that are no JSON object": jsonRows,
  "fields that are wrong": fieldRows,
  "payloads that are no MessagePack map": messagePackRows,
  "runs that are none": runRows,
  "channels that are none": channelRows,
  "patterns and catches that are none": patternRows,
};

/*
 * Goal:   whatever a stranger says is answered by an error that names what was wrong and how to write it right; the next
 *         good request on the same connection is served, and the process lives.
 * Method: each row is one message on a real DEALER to a real process, from a connection of its own.
 */
for (const [what, rows] of Object.entries(sections)) {
  describe(`bad input: ${what}`, () => {
    const subject = sharedSubject();

    for (const row of rows) {
      it(`${row.id}: ${row.name} is ${outcomeOf(row.expect)}`, async () => {
        await play(subject(), row);
      });
    }

    it("leave the process unharmed", () => subject().expectUnharmed());
  });
}

async function play(subject: Subject, row: Row): Promise<void> {
  const stranger = new Stranger(subject, row.as === "M" ? "M" : "J");
  try {
    if (row.as !== "nobody") await stranger.hello();
    const parts = typeof row.parts === "function" ? row.parts(stranger) : row.parts;

    await stranger.sendParts(...parts);

    if ("refused" in row.expect) await expectRefused(stranger, row.expect);
    else await expectAnswered(stranger, row.expect);
    await stranger.expectServed();
    expect(subject.alive).to.equal(true);
    await stranger.leave();
  } finally {
    stranger.close();
  }
}

async function expectRefused(stranger: Stranger, { refused, says, hint }: Refusal): Promise<void> {
  const answer = await stranger.expect("ERRO");
  expect(answer["code"], String(answer["message"])).to.equal(refused);
  expect(answer["message"]).to.be.a("string").with.lengthOf.below(400);
  expect(answer["command"]).to.be.a("string");
  if (says !== undefined) expect(answer["message"]).to.include(says);
  expect(answer["hint"], String(answer["message"])).to.be.a("string").with.lengthOf.above(0);
  if (hint !== undefined) expect(answer["hint"]).to.include(hint);
}

async function expectAnswered(stranger: Stranger, { answered, fields }: Reply): Promise<void> {
  expect(await stranger.expect(answered)).to.include(fields ?? {});
  // An event that matches nothing is accepted and handled at once.
  if (answered === "CNFM") expect(await stranger.expect("CNFM")).to.include({ state: "handled" });
}

function outcomeOf(outcome: Row["expect"]): string {
  if ("answered" in outcome) return `answered by ${outcome.answered}`;
  return `refused as ${outcome.refused}${outcome.says === undefined ? "" : `, "${outcome.says}"`}`;
}
