import { endMeshes } from "../faults/fault-mesh.js";
import { endNetworkMeshes } from "../faults/network-mesh.js";
import { crowdFindings, frozenFindings } from "./apart.js";
import { type Finding, noneOf } from "./finding.js";
import { type ChaosOptions, resolveChaosOptions } from "./options.js";
import { runFaults, type Say } from "./run.js";
import { selfCheck } from "./self-check.js";
import { findingsOf } from "./verdict.js";

/** Prints each line as JSON, or as people read it. */
function sayer({ isJson }: ChaosOptions): Say {
  return (line) => {
    const { kind, ...rest } = line;
    const text = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    process.stdout.write(isJson ? `${JSON.stringify(line)}\n` : `${kind}: ${text.join(", ")}\n`);
  };
}

async function allFindings(options: ChaosOptions, say: Say): Promise<Finding[]> {
  const findings: Finding[] = [];
  const found = (fresh: readonly Finding[]): void => {
    for (const finding of fresh) say({ kind: "figure", ...finding });
    findings.push(...fresh);
  };
  found([noneOf("what the checker did not find", await selfCheck(), "flaws")]);
  const run = await runFaults(options, say);
  found(findingsOf(run));
  if (options.isBare) return findings;
  found(await frozenFindings());
  found(await crowdFindings());
  return findings;
}

async function main(argv: readonly string[]): Promise<number> {
  const options = resolveChaosOptions(argv);
  if (typeof options === "string") {
    process.stderr.write(options);
    return 2;
  }
  const say = sayer(options);
  const { seed, durationMs } = options;
  try {
    const findings = await allFindings(options, say);
    const broken = findings.filter(({ isKept }) => !isKept).map(({ name }) => name);
    const figures = Object.fromEntries(findings.map(({ name, value }) => [name, value]));
    const isKept = broken.length === 0;
    say({ kind: "verdict", ok: isKept, seed, durationMs, broken, figures });
    return isKept ? 0 : 1;
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say({ kind: "verdict", ok: false, seed, durationMs, broken: ["the run itself"], why });
    return 1;
  }
}

async function endAll(): Promise<void> {
  await Promise.all([endNetworkMeshes(), endMeshes()]);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void endAll().finally(() => process.exit(1)));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await endAll();
}
