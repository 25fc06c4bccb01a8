import { runSwarm } from "../simulation/swarm.js";

/*
 * Runs drawn worlds, one seed after another, and ends with 1 at the first that goes wrong: the
 * quickest way to learn whether a simulation notices a change.
 */
const last = Number(process.argv[2] ?? 10);

for (let seed = 1; seed <= last; seed++) {
  const { wrong } = runSwarm({ seed });
  if (wrong.length === 0) continue;
  console.log(`seed ${seed}: ${wrong[0]}`);
  process.exit(1);
}
console.log(`${last} seeds keep every promise`);
