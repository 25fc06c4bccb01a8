// A cell of the service "prices"; its arguments are the transmitter and its name. Ends with its
// standard input.
import { connect } from "@thynapse/cell-sdk";

const [, , transmitter, name] = process.argv;
const prices = { apple: 3, pear: 4 };
const cell = await connect({ service: "prices", transmitters: transmitter });

await cell.anycatch("price.get", (event, ctx) => {
  const price = prices[event.data.fruit];
  if (price === undefined) return ctx.reject(`no ${event.data.fruit} here`);
  return price; // what a handler returns is the answer
});
await cell.anycatch("price.list", async function* () {
  for (const [fruit, price] of Object.entries(prices)) yield `${fruit} costs ${price}`;
});
await cell.anycatch("price.guess", () => {
  throw new Error("I never guess");
});
await cell.multicatch("cell.stats", () => ({ name }));

console.log("armed");
process.stdin.resume().on("end", () => cell.close());
