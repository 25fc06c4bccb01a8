// A worker: handles one job at a time and says when it begins and ends. The first attempt of job
// `stuck` never ends. Ends with its standard input.
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "@thynapse/cell-sdk";

const [, , transmitter, stuck] = process.argv;
const cell = await connect({ service: "workers", transmitters: transmitter });
const say = (kind, event) =>
  console.log(JSON.stringify({ kind, job: event.data, attempt: event.attempt, repeat: event.repeat }));

await cell.anycatch(
  "job",
  async (event) => {
    say("begun", event);
    await delay(event.data === Number(stuck) && event.attempt === 1 ? 60_000 : 20);
    say("done", event);
  },
  { credit: 4 },
);
console.log("armed");
process.stdin.resume().on("end", () => cell.close());
