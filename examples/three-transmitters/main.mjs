// Three transmitters, one of which is killed under load: node examples/three-transmitters/main.mjs
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startNode, startTransmitter, within } from "../children.mjs";

const count = 2_000; // orders of each shop
const perSecond = 500;
const script = fileURLToPath(new URL("cell.mjs", import.meta.url));

// One address is enough: whoever is linked to one of them learns of all.
const transmitters = { A: await startTransmitter() };
for (const name of ["B", "C"]) {
  transmitters[name] = await startTransmitter("--link", transmitters.A.command);
}
const nameOf = (address) =>
  Object.keys(transmitters).find((name) => transmitters[name].command === address);

const cells = [];
const billing = [await start("billing", "A"), await start("billing", "B"), await start("billing", "C")];
const [steady, moved] = [await start("audit", "A"), await start("audit", "B")];
const shops = [await start("shop", "B"), await start("shop", "C")];
for (const name of ["A", "B", "C"]) {
  const here = cells.filter(({ home }) => home === name);
  console.log(`${name}: ${here.map((cell) => cell.name).join(", ")}`);
}

for (const shop of shops) shop.child.write(JSON.stringify({ count, perSecond }));
await within(30_000, "half of the orders", shops[0].child.line('{"kind":"half"}'));
const victims = cells.filter(({ home }) => home === "B");
const killedMs = performance.now();
await transmitters.B.kill(); // no goodbye, no drain: like kill -9
console.log("B is killed, half-way through the orders");

const sent = await Promise.all(
  shops.map(({ child }) => within(60_000, "all orders", child.line('{"kind":"sent"'))),
);
const total = shops.length * count;
await within(10_000, "all orders in audit-1", until(() => distinct([steady]) === total));
for (const { name, home, armedMs, welcomeMs } of victims) {
  const armed = name === "shop-1" ? "" : `, armed after ${Math.round(armedMs - killedMs)} ms`;
  console.log(`${name} is at ${home} after ${Math.round(welcomeMs - killedMs)} ms${armed}`);
}
const longestMs = Math.max(...sent.map((line) => JSON.parse(line).longestMs));
console.log(`no order waited longer than ${longestMs} ms to be confirmed as handled`);

const orders = billing.flatMap((cell) => cell.orders);
const again = orders.length - distinct(billing);
console.log(`billing: ${distinct(billing)} of ${total} orders, ${total - distinct(billing)} lost`);
console.log(`billing: ${again} handled again, each marked as a repeat`);
console.log(`audit-1, which stayed: ${distinct([steady])} of ${total} orders, told of ${steady.gaps} gaps`);
console.log(`audit-2, which moved: ${distinct([moved])} of ${total} orders, told of ${moved.gaps} gaps`);

assert.equal(distinct(billing), total, "every order was handled");
assert.equal(distinct([steady]), total, "every order was heard by who stayed");
// Between two attachments nobody listens: what was missed then is told, never silent.
assert.ok(distinct([moved]) === total || moved.gaps > 0, "and by who moved, or it was told");
for (const { orders } of [steady, moved]) assert.equal(twice(orders).length, 0, "and never twice");
assert.ok(victims.every(({ home }) => home === "A" || home === "C"), "the cells of B have moved");
const marked = orders.filter(({ repeat }) => repeat).map(keyOf);
assert.ok(twice(orders).every((key) => marked.includes(key)), "what came again says so");
console.log("ok: one of three transmitters died, and nothing was lost");

for (const { child } of cells) assert.equal(await child.end(), 0);
for (const name of ["A", "C"]) await transmitters[name].stop();

/** Starts a cell at a transmitter; it is told of no other one. */
async function start(service, home) {
  const number = cells.filter((cell) => cell.service === service).length + 1;
  const cell = { service, home, name: `${service}-${number}`, orders: [], gaps: 0 };
  const onLine = (line) => {
    const { kind, at, ...order } = JSON.parse(line);
    if (kind === "welcome") Object.assign(cell, { home: nameOf(at), welcomeMs: performance.now() });
    if (kind === "armed") cell.armedMs = performance.now();
    if (kind === "order") cell.orders.push(order);
    if (kind === "gap") cell.gaps++;
  };
  cell.child = startNode(script, [service, transmitters[home].command], { onLine });
  cells.push(cell);
  await within(10_000, cell.name, cell.child.line('{"kind":"ready"}'));
  return cell;
}

function keyOf({ from, seq }) {
  return `${from} ${seq}`;
}

/** How many different orders came to these cells. */
function distinct(some) {
  return new Set(some.flatMap((cell) => cell.orders.map(keyOf))).size;
}

/** Orders that came more than once. */
function twice(all) {
  const seen = new Set();
  return all.map(keyOf).filter((key) => seen.size === seen.add(key).size);
}

async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}
