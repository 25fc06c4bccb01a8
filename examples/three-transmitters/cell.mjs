// One cell: "billing" shares the orders, "audit" hears them all, "shop" sends them. It says as lines
// of JSON what happens to it, and ends with its standard input.
import { createInterface } from "node:readline";
import { connect } from "@thynapse/cell-sdk";

const [, , service, transmitter] = process.argv;
const say = (kind, rest = {}) => console.log(JSON.stringify({ kind, ...rest }));

const cell = await connect({ service, transmitters: transmitter });
cell.status.on((status) => {
  if (status.kind === "welcome") say("welcome", { at: status.address });
  if (status.kind === "armed") say("armed");
});
const lines = createInterface({ input: process.stdin });
if (service === "shop") lines.on("line", (line) => sendOrders(JSON.parse(line)));
else await listen();
say("ready");
lines.on("close", () => cell.close());

async function listen() {
  const heard = ({ from, seq, repeat }) => say("order", { from: from.id, seq, repeat });
  if (service === "billing") await cell.anycatch("orders.created", heard, { concurrency: 8 });
  else await cell.multicatch("orders.*", heard, { onGap: ({ count }) => say("gap", { count }) });
}

/** Sends so many orders at an even pace, and says when each of them is handled. */
async function sendOrders({ count, perSecond }) {
  const beganMs = performance.now();
  const handled = [];
  let longestMs = 0;
  while (handled.length < count) {
    const due = Math.min(count, 1 + ((performance.now() - beganMs) * perSecond) / 1_000);
    while (handled.length < due) {
      const sentMs = performance.now();
      const sending = cell.send("orders.created", { id: handled.length }, { until: "handled" });
      const confirmed = () => (longestMs = Math.max(longestMs, performance.now() - sentMs));
      handled.push(sending.then(confirmed));
      if (handled.length === Math.round(count / 2)) say("half");
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(handled);
  say("sent", { longestMs: Math.round(longestMs) });
}
