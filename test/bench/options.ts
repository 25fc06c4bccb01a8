import { parseArgs } from "node:util";

import { SCENARIOS, type Scenario, type SystemName } from "./scenario.js";

/** What one bench is asked to do. */
export interface BenchOptions {
  /** Measured side by side, in this order. */
  readonly systems: readonly SystemName[];
  readonly scenarios: readonly Scenario[];
  /** Measured runs of each system in each scenario: 1 … 99, default 3. */
  readonly repeats: number;
  /** Aimed-at length of a measured run, in seconds: 0.2 … 60, default 2.5, with --ci 0.8. */
  readonly seconds: number;
  /** Whether cores are kept from sleeping. */
  readonly awake: boolean;
  readonly json: boolean;
  readonly ci: boolean;
}

export const USAGE = `npm run bench -- [options]

  --peers LIST     what to measure beside Thynapse: nats, redis, both or "" (default nats,redis)
  --baseline       measures the peers alone: is this machine fit?
  --scenario LIST  only these (default all):
${SCENARIOS.map((scenario) => `                     ${scenario.name}`).join("\n")}
  --repeats N      measured runs of each system, interleaved: 1 … 99 (default 3)
  --seconds N      length of a measured run: 0.2 … 60 (default 2.5, with --ci 0.8)
  --awake          keeps idle cores from sleeping: where virtual ones are slow to wake up, latencies
                   tell of little else (needs chrt)
  --ci             exits 1 if a ratio is under 80 % of its target, or of what is known to be within
                   reach where the target is not (object, ask-1)
  --json           prints one JSON document on standard output
  --help           prints this

  A run that does not end within a minute and twenty times --seconds is ended, and its scenario is void.

  exit codes: 0 done, 1 a run failed, is void or (--ci) too slow, 2 usage, 130 and 143 interrupted
`;

/** A mistake on the command line; the text is for whoever typed it. */
export class UsageError extends Error {}

/**
 * Reads the command line; `undefined` means that help was asked for.
 *
 * @throws {UsageError} on an unknown option, scenario or peer, or a number out of its range.
 */
export function resolveBenchOptions(argv: readonly string[]): BenchOptions | undefined {
  const values = readFlags(argv);
  if (values.help) return undefined;

  const peers = readList(values.peers).map((name) => {
    if (name === "nats" || name === "redis") return name;
    throw new UsageError(`--peers: ${name} is neither nats nor redis`);
  });
  const systems: SystemName[] = values.baseline ? [] : ["thynapse"];
  systems.push(...new Set(peers));
  if (systems.length === 0) throw new UsageError("--baseline needs --peers");

  return Object.freeze({
    systems,
    scenarios: resolveScenarios(values.scenario),
    repeats: resolveNumber("--repeats", values.repeats, { min: 1, max: 99, whole: true }),
    seconds: resolveNumber("--seconds", values.seconds ?? (values.ci ? "0.8" : "2.5"), {
      min: 0.2,
      max: 60,
      whole: false,
    }),
    awake: values.awake,
    json: values.json,
    ci: values.ci,
  });
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        peers: { type: "string", default: "nats,redis" },
        baseline: { type: "boolean", default: false },
        scenario: { type: "string", multiple: true, default: [] },
        repeats: { type: "string", default: "3" },
        seconds: { type: "string" },
        awake: { type: "boolean", default: false },
        ci: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function resolveScenarios(lists: readonly string[]): readonly Scenario[] {
  const names = new Set(lists.flatMap(readList));
  if (names.size === 0) return SCENARIOS;
  const known = SCENARIOS.map((scenario) => scenario.name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new UsageError(`--scenario: ${name} is none of ${known.join(", ")}`);
    }
  }
  return SCENARIOS.filter((scenario) => names.has(scenario.name));
}

function resolveNumber(
  flag: string,
  text: string,
  range: { readonly min: number; readonly max: number; readonly whole: boolean },
): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const good = value >= range.min && value <= range.max;
  if (!good || (range.whole && !Number.isInteger(value))) {
    const kind = range.whole ? "a whole number" : "a number";
    throw new UsageError(`${flag}: ${text} is not ${kind} from ${range.min} to ${range.max}`);
  }
  return value;
}

function readList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
