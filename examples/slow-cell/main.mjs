// A slow cell is told how many events it lost; nobody waits for it:
// node examples/slow-cell/main.mjs
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { startNode, startTransmitter, within } from "../children.mjs";

const count = 8_000;
const portion = 400;
// Little room to repair from, and a short queue: here a reader is soon too far behind.
const transmitter = await startTransmitter("--ring", "1MiB", "--high-water-mark", "4");
const script = fileURLToPath(new URL("cell.mjs", import.meta.url));
const start = (pace) => startNode(script, [transmitter.command, String(count), pace, String(portion)]);
const quick = start("quick");
const slow = start("slow");
await quick.line("armed");
await slow.line("armed");

const clock = await connect({ service: "clock", transmitters: transmitter.command });
const padding = "x".repeat(1_000);
for (let n = 0; n < count; n++) {
  clock.send("tick", { n, padding });
  // The quick cell sets the pace: what it has not seen yet is always still in the ring.
  if ((n + 1) % portion === 0) await within(10_000, "a portion", quick.line(`at ${n + 1};`));
}

const ofQuick = JSON.parse(await within(10_000, "the quick cell", quick.line("{")));
slow.write("hurry");
const ofSlow = JSON.parse(await within(10_000, "the slow cell", slow.line("{")));

for (const [name, { handled, lost }] of Object.entries({ quick: ofQuick, slow: ofSlow })) {
  console.log(`${name}: handled ${handled}, lost ${lost}, together ${handled + lost} of ${count}`);
}
assert.deepEqual(ofQuick, { handled: count, lost: 0, gaps: 0, inOrder: true });
assert.equal(ofSlow.handled + ofSlow.lost, count);
assert.ok(ofSlow.lost > 0, "the slow cell has lost something");
assert.ok(ofSlow.inOrder, "what it got, it got in order");
console.log("ok: every event was handled or counted as lost");

await clock.close();
for (const cell of [quick, slow]) await cell.end();
await transmitter.stop();
