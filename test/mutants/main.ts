import { availableParallelism } from "node:os";

import { meshMutants } from "./mesh-rows.js";
import type { Mutant, Net } from "./mutant.js";
import { mutants } from "./rows.js";
import { type Ending, Scratch } from "./scratch.js";

/*
 * Goal:   every guard has a test: taking it out makes one fail.
 * Method: for each row of the tables the text is replaced in a copy of the repository, and the tests
 *         named there are run; they must fail. First they must pass on an unchanged copy, or their
 *         failing would prove nothing.
 * Replay: npm run test:mutants -- "<part of the guard>"
 */

const mocha = [
  ...["--import", "tsx", "node_modules/mocha/bin/mocha.js"],
  ...["--config", "test/mutants/mocharc.json"],
];
const commands: Readonly<Record<Net, readonly string[]>> = {
  cell: [...mocha, "test/cell-sdk/**/*.test.ts"],
  core: [...mocha, "test/transmitter/core-*.test.ts", "test/simulation/guards.test.ts"],
  mesh: [
    ...mocha,
    "test/transmitter/mesh/link*.test.ts",
    "test/transmitter/mesh/directory.test.ts",
    "test/transmitter/mesh/contact.test.ts",
    "test/transmitter/sites/*.test.ts",
  ],
  swarm: ["--import", "tsx", "test/mutants/probe.ts"],
};
const buildCommand = ["node_modules/typescript/bin/tsc", "-b"];
/** Long enough for a machine that does much else: what is ended counts as caught. */
const withinMs = 240_000;

/** One row with one of its nets. */
interface Trial {
  readonly mutant: Mutant;
  readonly net: Net;
}

const faults: string[] = [];

async function main(only: string | undefined): Promise<number> {
  const chosen = [...mutants, ...meshMutants].filter(
    ({ guard }) => only === undefined || guard.includes(only),
  );
  const trials = chosen.flatMap((mutant) => mutant.nets.map((net) => ({ mutant, net })));
  const copies = Array.from({ length: Math.min(availableParallelism(), 2) }, () => new Scratch());
  const begunMs = performance.now();
  try {
    await Promise.all(copies.map((copy) => copy.run(buildCommand, withinMs)));
    await checkBaseline(copies, [...new Set(trials.map(({ net }) => net))]);
    if (faults.length === 0) await Promise.all(copies.map((copy) => work(copy, trials)));
  } finally {
    for (const copy of copies) copy.remove();
  }
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(0);
  for (const fault of faults) console.log(`FAULT ${fault}`);
  console.log(`${chosen.length} mutants, ${faults.length} faults, ${seconds} s`);
  return faults.length === 0 ? 0 : 1;
}

async function checkBaseline(copies: readonly Scratch[], nets: readonly Net[]): Promise<void> {
  await Promise.all(
    nets.map(async (net, at) => {
      const { passed, said } = await (copies[at % copies.length] as Scratch).run(
        commands[net],
        withinMs,
      );
      if (!passed) faults.push(`${net} fails without any mutant:\n${said}`);
    }),
  );
}

async function work(copy: Scratch, rest: Trial[]): Promise<void> {
  for (let trial = rest.shift(); trial !== undefined; trial = rest.shift()) {
    await tryOne(copy, trial);
  }
}

async function tryOne(copy: Scratch, { mutant, net }: Trial): Promise<void> {
  const { guard, file, text, instead } = mutant;
  const source = copy.read(file);
  const places = source.split(text).length - 1;
  if (places !== 1) {
    faults.push(`${guard}: its text stands in ${file} ${places} times`);
    return;
  }
  copy.write(
    file,
    source.replace(text, () => instead),
  );
  const ending = await build(copy, net);
  copy.write(file, source);
  tell(guard, net, ending);
}

/** The simulation runs what was built; the units run the sources. */
async function build(copy: Scratch, net: Net): Promise<Ending> {
  if (net === "swarm") {
    const built = await copy.run(buildCommand, withinMs);
    if (!built.passed) throw new Error(`a mutant does not compile:\n${built.said}`);
  }
  return copy.run(commands[net], withinMs);
}

function tell(guard: string, net: Net, { passed, ms }: Ending): void {
  if (passed) faults.push(`${guard}: ${net} does not notice that it is gone`);
  const verdict = passed ? "SURVIVED" : "caught";
  console.log(`${verdict} by ${net} in ${(ms / 1000).toFixed(1)} s: ${guard}`);
}

process.exitCode = await main(process.argv[2]);
