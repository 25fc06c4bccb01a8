// A multicatch cell that takes 20 ms per event until it is told to hurry by a line on its standard
// input. It says when it has seen the last of a portion, and when it has seen or lost all.
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "@thynapse/cell-sdk";

const [, , transmitter, count, pace, portion] = process.argv;
let slow = pace === "slow";
const tally = { handled: 0, lost: 0, gaps: 0, inOrder: true };
let last = -1;

const cell = await connect({ service: pace, transmitters: transmitter });
await cell.multicatch(
  "tick",
  async ({ data }) => {
    tally.inOrder &&= data.n > last;
    last = data.n;
    tally.handled++;
    if (slow) await delay(20);
    if (last % Number(portion) === Number(portion) - 1) console.log(`at ${last + 1};`);
    check();
  },
  {
    bufferBytesMax: 65_536,
    onGap(gap) {
      tally.gaps++;
      tally.lost += gap.count;
      check();
    },
  },
);
console.log("armed");

function check() {
  if (tally.handled + tally.lost >= Number(count)) console.log(JSON.stringify(tally));
}

createInterface({ input: process.stdin })
  .on("line", () => {
    slow = false;
  })
  .on("close", () => cell.close());
