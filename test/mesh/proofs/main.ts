import { killStartedProcesses } from "../../support/process.js";
import { endMeshes } from "../faults/fault-mesh.js";
import { proveArming } from "./arming.js";
import { proveAway } from "./away.js";
import { type Claim, say } from "./claim.js";
import { proveGroups } from "./groups.js";
import { removeReleases } from "./release.js";
import { proveRolling } from "./rolling.js";
import { killSwarms } from "./sixty-swarm.js";
import { proveSixty } from "./sixty.js";

/**
 * Long runs of many transmitters, by name; each prints its figures and returns what it claims. A number as second argument
 * changes the size of a run: rounds, seconds, or transmitters.
 */
const proofs: Readonly<Record<string, (size?: number) => Promise<readonly Claim[]>>> = {
  arming: proveArming,
  groups: proveGroups,
  away: proveAway,
  rolling: proveRolling,
  sixty: proveSixty,
};

async function main([name = "", size]: readonly string[]): Promise<number> {
  const prove = Object.hasOwn(proofs, name) ? proofs[name] : undefined;
  if (prove === undefined) {
    process.stderr.write(`usage: main.ts ${Object.keys(proofs).join(" | ")} [SIZE]\n`);
    return 2;
  }
  const claims = await (size === undefined ? prove() : prove(Number(size)));
  for (const { what, isTrue } of claims) say(`${isTrue ? "proved" : "NOT SO"}: ${what}`);
  const broken = claims.filter(({ isTrue }) => !isTrue).length;
  say(`${name}: ${broken === 0 ? "all" : claims.length - broken} of ${claims.length} claims hold`);
  return broken === 0 ? 0 : 1;
}

async function endAll(): Promise<void> {
  await Promise.all([endMeshes(), killSwarms(), killStartedProcesses()]);
  await removeReleases();
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void endAll().finally(() => process.exit(1)));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await endAll();
}
