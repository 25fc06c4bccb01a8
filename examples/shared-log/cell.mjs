// One cell of the shared log, "any" or "multi"; prints a line of JSON for each event that it
// handles, and ends with its standard input.
import { connect } from "@thynapse/cell-sdk";

const [, , transmitter, mode, service] = process.argv;
const cell = await connect({ service, transmitters: transmitter });

const handle = ({ data, from, seq }) => {
  const line = Buffer.from(data).toString("base64"); // text, or bytes where it is not UTF-8
  process.stdout.write(`${JSON.stringify({ from: from.id, seq, line })}\n`);
};
if (mode === "any") await cell.anycatch("log.line", handle, { credit: 64 });
else await cell.multicatch("log.line", handle);

console.log("armed");
process.stdin.resume().on("end", () => cell.close());
