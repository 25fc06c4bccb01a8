// Three workers, one of which is killed in the middle of a job: node examples/workers/main.mjs
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connect } from "@thynapse/cell-sdk";
import { startNode, startTransmitter, within } from "../children.mjs";

const jobs = 60;
const stuck = 10;
const transmitter = await startTransmitter();
const script = fileURLToPath(new URL("cell.mjs", import.meta.url));
const said = [];
let killedMs;

const workers = ["one", "two", "three"].map((name) => {
  const child = startNode(script, [transmitter.command, String(stuck)], {
    onLine(line) {
      if (!line.startsWith("{")) return;
      const entry = { name, atMs: performance.now(), ...JSON.parse(line) };
      said.push(entry);
      if (entry.kind === "begun" && entry.job === stuck && entry.attempt === 1) {
        killedMs = performance.now();
        child.kill("SIGKILL"); // no goodbye, no close: like kill -9
      }
    },
  });
  return child;
});
for (const worker of workers) await worker.line("armed");

const office = await connect({ service: "office", transmitters: transmitter.command });
const receipts = Array.from({ length: jobs }, (_, job) =>
  office.send("job", job, { until: "handled" }),
);
await within(15_000, "all jobs", Promise.all(receipts));

const done = said.filter(({ kind }) => kind === "done");
const [first, second] = said.filter(({ kind, job }) => kind === "begun" && job === stuck);
for (const name of ["one", "two", "three"]) {
  const killed = name === first.name ? ", then killed" : "";
  console.log(`${name}: ${done.filter((entry) => entry.name === name).length} jobs${killed}`);
}
console.log(`job ${stuck}: attempt ${first.attempt} by ${first.name}, killed`);
console.log(`job ${stuck}: attempt ${second.attempt} by ${second.name}, repeat ${second.repeat}`);
console.log(`after the kill it was begun again within ${Math.round(second.atMs - killedMs)} ms`);

assert.equal(new Set(done.map(({ job }) => job)).size, jobs, "every job was done");
assert.notEqual(second.name, first.name);
assert.equal(second.attempt, 2);
assert.equal(second.repeat, true);
// What is handled twice says so: here only what the killed worker did, and died before its ack.
const twice = done.filter((entry, at) => done.findIndex(({ job }) => job === entry.job) < at);
assert.ok(twice.every(({ repeat }) => repeat));
console.log(`ok: ${jobs} jobs done`);

await office.close();
for (const worker of workers) await worker.end();
await transmitter.stop();
