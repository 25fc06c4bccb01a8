// Questions to one cell, in parts, and to all: node examples/ask-and-answer/main.mjs
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { startNode, startTransmitter } from "../children.mjs";

const transmitter = await startTransmitter();
const script = fileURLToPath(new URL("cell.mjs", import.meta.url));
const cells = ["first", "second"].map((name) => startNode(script, [transmitter.command, name]));
for (const cell of cells) await cell.line("armed");

const shop = await connect({ service: "shop", transmitters: transmitter.command });

console.log("apple:", await shop.ask("price.get", { fruit: "apple" }));

// Every failure has a code; nothing is left to time out that is known to fail.
for (const [channel, fruit] of [
  ["price.get", "durian"],
  ["price.guess", "apple"],
  ["price.haggle", "apple"],
]) {
  await shop
    .ask(channel, { fruit })
    .catch((error) => console.log(`${channel} ${fruit}: ${error.code}`));
}

for await (const line of shop.ask("price.list", null, { parts: true })) {
  if (line !== null) console.log("part:", line); // the result of the generator comes last: none
}

const gathering = shop.gather("cell.stats");
const names = [];
for await (const { data } of gathering) names.push(data.name);
console.log(`gathered: ${names.sort((one, other) => one.localeCompare(other)).join(", ")}; missing: ${gathering.missing.length}`);

await shop.close();
for (const cell of cells) await cell.end();
await transmitter.stop();
