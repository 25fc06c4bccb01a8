import { expect } from "chai";

import { fieldRows } from "./rows/fields.js";
import { framingRows } from "./rows/framing.js";
import { jsonRows } from "./rows/json.js";
import { messagePackRows } from "./rows/message-pack.js";
import { channelRows, patternRows } from "./rows/names.js";
import { runRows } from "./rows/runs.js";
import { attachmentScenes } from "./scenes/attachments.js";
import { bodyScenes } from "./scenes/bodies.js";
import { catchScenes } from "./scenes/catches.js";
import { rawCommandScenes } from "./scenes/raw-command.js";
import { rawEventScenes } from "./scenes/raw-events.js";

/** The last number of each section: frames, JSON, MessagePack, channels, patterns. */
const sections = { A: 52, B: 57, C: 61, D: 51, E: 56 };

const rights =
  "what a key may do is not part of this version: any cell may send, catch and be what it likes";
const curve = "there is no CURVE in this version";

/** Numbers without a row, and why. */
const reasons: Readonly<Record<string, string>> = {
  A35: curve,
  A37: curve,
  A47: "no such input",
  B45: rights,
  B53: "an event carries no hash of its contents, so none can be wrong",
  B57: rights,
  D22: "the other punctuation stands together in D21",
  D24: "the other punctuation stands together in D21",
  D51: rights,
  E31: rights,
};

describe("bad input: ids", () => {
  const rows = [
    ...[framingRows, jsonRows, fieldRows, messagePackRows],
    ...[runRows, channelRows, patternRows],
  ].flat();
  const scenes = [
    ...[attachmentScenes, bodyScenes, catchScenes],
    ...[rawCommandScenes, rawEventScenes],
  ].flat();
  const played = new Set([...rows.map(({ id }) => id), ...scenes.flatMap(({ ids }) => ids)]);
  const wanted = Object.entries(sections).flatMap(([section, last]) =>
    Array.from({ length: last }, (_, at) => `${section}${at + 1}`),
  );

  it("are each played, or have a reason why not", () => {
    expect(wanted.filter((id) => !played.has(id) && !(id in reasons))).to.deep.equal([]);
  });

  it("have no reason any more once they are played", () => {
    expect(Object.keys(reasons).filter((id) => played.has(id))).to.deep.equal([]);
  });

  it("belong to a section", () => {
    expect([...played].filter((id) => !wanted.includes(id))).to.deep.equal([]);
  });

  it("have one row for one input", () => {
    const names = rows.map(({ id, name }) => `${id}: ${name}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).to.deep.equal([]);
  });
});
