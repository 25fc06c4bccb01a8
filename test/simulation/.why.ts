import { runSwarm } from "./swarm.js";
const seed = Number(process.argv[2]);
const pats = process.argv.slice(3).filter((a) => !a.startsWith("from="));
const lines: string[] = [];
const faults = process.env["FAULTS"] === undefined ? undefined : Number(process.env["FAULTS"]);
const r = runSwarm({
  seed,
  ...(faults !== undefined && { faults }),
  onRecord: (x) => {
    const s = JSON.stringify(x);
    const global = [
      "started",
      "crashed",
      "fault",
      "died",
      "attached",
      "detached",
      "left",
      "dropped",
      "armed",
    ].includes(x.action);
    if (pats.some((p) => s.includes(p)) && (process.env["ALL"] || global || true)) lines.push(s);
  },
});
const short = (s: string) => s.replace(/([0-9a-f]{6})[0-9a-f]{34}/g, "$1").replace(/"/g, "");
for (const l of lines.slice(-Number(process.env["N"] ?? 60))) console.log(short(l));
console.log(r.wrong.slice(0, 5).map(short));
