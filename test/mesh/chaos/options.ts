import { parseArgs } from "node:util";

/** What a run is asked to do. */
export interface ChaosOptions {
  /** How long faults are made. */
  readonly durationMs: number;
  readonly seed: number;
  readonly isJson: boolean;
  readonly transmitters: number;
  /** Events per second of all senders together. */
  readonly perSecond: number;
  /** Only faults of these names; default all. */
  readonly only: readonly string[];
  /** Where the log of the run is kept; default nowhere. */
  readonly keep: string | undefined;
  /** Leaves out what is measured apart from the faults. */
  readonly isBare: boolean;
}

export const usage = `npm run chaos -- [options]

  --duration TIME     how long faults are made: 10s, 30m (default 120s)
  --seed N            draws the faults (default 7)
  --json              one JSON object a line, the last one the verdict
  --transmitters N    1 to 9 (default 3)
  --rate N            events per second of all senders (default 100)
  --only LIST         faults, by name
  --keep FILE         keeps the log of the run
  --bare              faults alone: no windows with a frozen cell, no crowd
`;

const flags = {
  duration: { type: "string", default: "120s" },
  seed: { type: "string", default: "7" },
  json: { type: "boolean", default: false },
  transmitters: { type: "string", default: "3" },
  rate: { type: "string", default: "100" },
  only: { type: "string", default: "" },
  keep: { type: "string" },
  bare: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Reads the command line; a text is what to tell whoever typed it. */
export function resolveChaosOptions(argv: readonly string[]): ChaosOptions | string {
  try {
    const { values } = parseArgs({ args: [...argv], options: flags, strict: true });
    if (values.help) return usage;
    return {
      durationMs: readDurationMs(values.duration),
      seed: readNumber("--seed", values.seed, [0, 2 ** 32 - 1]),
      isJson: values.json,
      transmitters: readNumber("--transmitters", values.transmitters, [1, 9]),
      perSecond: readNumber("--rate", values.rate, [1, 100_000]),
      only: values.only.split(",").filter((name) => name !== ""),
      keep: values.keep,
      isBare: values.bare,
    };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}

function readDurationMs(text: string): number {
  const [, number = "", unit = ""] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (number === "") throw new Error(`--duration: ${text} is no time: write 120s or 30m`);
  return Number(number) * (unit === "m" ? 60_000 : 1000);
}

function readNumber(flag: string, text: string, [min, max]: readonly [number, number]): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new Error(`${flag}: ${text} is no whole number from ${min} to ${max}`);
}
