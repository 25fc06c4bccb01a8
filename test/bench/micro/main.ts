import { cellBenches } from "./cell.js";
import { coreBenches } from "./core.js";
import { frameBenches } from "./frame.js";
import { linkBenches } from "./link.js";
import { runBenches } from "./run.js";
import { measureMicro, sunk, type MicroBench } from "./runner.js";

/** Every hot path that is measured alone; a new one is one more entry. */
const GROUPS: Readonly<Record<string, readonly MicroBench[]>> = {
  frame: frameBenches,
  run: runBenches,
  core: coreBenches,
  link: linkBenches,
  cell: cellBenches,
};

const USAGE = `npm run bench:micro -- [--json] [${Object.keys(GROUPS).join(" | ")}] …\n`;

function main(argv: readonly string[]): number {
  const json = argv.includes("--json");
  const names = argv.filter((argument) => argument !== "--json");
  if (names.some((name) => !Object.hasOwn(GROUPS, name))) {
    process.stderr.write(USAGE);
    return 2;
  }
  const wanted = names.length === 0 ? Object.keys(GROUPS) : names;
  const results = wanted.flatMap((name) => GROUPS[name] ?? []).map(measureMicro);
  if (json) process.stdout.write(`${JSON.stringify({ results })}\n`);
  else {
    for (const { name, nsPerOp, opsPerSecond, spread } of results) {
      const rate = `${opsPerSecond.toLocaleString("en").replaceAll(",", " ")}/s`;
      const share = `± ${(spread * 50).toFixed(0)} %`;
      process.stdout.write(
        `${name.padEnd(32)}${nsPerOp.toFixed(1).padStart(10)} ns${rate.padStart(16)}  ${share}\n`,
      );
    }
  }
  return Number.isNaN(sunk()) ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
