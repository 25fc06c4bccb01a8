import type { Sample } from "./run.js";
import { SHARE_DEVIATION_MAX, type Latency, type Scenario, type SystemName } from "./scenario.js";
import { medianOf, spreadOf } from "./statistics.js";

/** One figure, or a pair of them where latencies are measured. */
export type Figure = number | Latency;

/** One run that came to nothing. */
export interface Failure {
  readonly system: SystemName;
  /** Which of the repeats, from 1. */
  readonly repeat: number;
  readonly why: string;
  /** Whether it was given up because it did not end. */
  readonly isOverdue: boolean;
}

/** What all runs of one scenario came to. A figure that nobody measured is null. */
export interface Row {
  readonly name: string;
  readonly unit: Scenario["unit"];
  readonly thynapse: Figure | null;
  readonly nats: Figure | null;
  readonly redis: Figure | null;
  /** Where the scenario spans two transmitters and is compared with one: that one. */
  readonly single?: Figure;
  /** Of the medians: Thynapse ÷ NATS, or ÷ `single` where there is one. */
  readonly ratio: Figure | null;
  /** Of the ratios of the single repeats: (largest − smallest) ÷ median. */
  readonly spread: Figure | null;
  /** Resident memory of our transmitter: the median over the runs of each run's largest, in MiB. */
  readonly rssMb: number | null;
  /** The same of every hub. */
  readonly hubRssMb: Partial<Record<SystemName, number>>;
  readonly target: Figure | null;
  /** What --ci takes for the target, where that is out of reach. */
  readonly reached?: Figure;
  /** Where receivers share the events: how far the shares are from equal, as a fraction. */
  readonly deviation?: Partial<Record<SystemName, number>>;
  readonly samples: Partial<Record<SystemName, readonly Figure[]>>;
  readonly failures: readonly Failure[];
  readonly note?: string;
}

/** The samples of each system in the order of the repeats; a failed run has none. */
export type SamplesBySystem = ReadonlyMap<SystemName, readonly (Sample | undefined)[]>;

/** Sums up one scenario. */
export function summarize(
  scenario: Scenario,
  samples: SamplesBySystem,
  failures: readonly Failure[],
): Row {
  const figures = (system: SystemName) => good(samples.get(system)).map((sample) => sample.value);
  const median = (system: SystemName) => nullable(reduce(figures(system), medianOf), tidy);
  const { against = "nats" } = scenario;
  const [ours, theirs, alone] = [median("thynapse"), median(against), median("single")];
  const pairs = pairwise(samples, against).map(([our, their]) => divide(our.value, their.value));
  const hubRssMb = perSystem(samples, (sample) => sample.memory?.rssMb);
  const deviation = perSystem(samples, (sample) => sample.deviation);
  return {
    name: scenario.name,
    unit: scenario.unit,
    thynapse: ours,
    nats: median("nats"),
    redis: median("redis"),
    ...(alone === null ? {} : { single: alone }),
    ratio: ours === null || theirs === null ? null : divide(ours, theirs),
    spread: nullable(reduce(pairs, spreadOf), tidy),
    rssMb: hubRssMb.thynapse ?? null,
    hubRssMb,
    target: scenario.target,
    ...(scenario.reached !== undefined && { reached: scenario.reached }),
    ...(Object.keys(deviation).length === 0 ? {} : { deviation }),
    samples: Object.fromEntries([...samples.keys()].map((name) => [name, figures(name).map(tidy)])),
    failures,
    ...(scenario.note === undefined ? {} : { note: scenario.note }),
  };
}

/** Part of a target that is enough with --ci: a shared machine is not a quiet one. */
const ciAllowance = 0.8;

/**
 * Names what of a row falls short of its target; with `isCi`, of 80 % of what is within reach.
 *
 * A latency's target is an upper bound, so it may be exceeded by as much. Shares may be twice as far
 * from equal with `isCi`: runs of 0.8 s showed 13 to 16 % where runs of 2.5 s showed 7 %.
 */
export function missesOf(row: Row, isCi: boolean): string[] {
  const { ratio } = row;
  const target = isCi ? (row.reached ?? row.target) : row.target;
  const allowance = isCi ? ciAllowance : 1;
  const misses: string[] = [];
  if (typeof ratio === "number" && typeof target === "number" && ratio < target * allowance) {
    misses.push(`${row.name}: ratio ${ratio} is under ${tidy(target * allowance)}`);
  }
  if (isLatency(ratio) && isLatency(target)) {
    for (const rank of ["p50", "p99"] as const) {
      const most = tidy(target[rank] / allowance) as number;
      if (ratio[rank] > most)
        misses.push(`${row.name}: ${rank} ratio ${ratio[rank]} is over ${most}`);
    }
  }
  const deviation = row.deviation?.thynapse ?? 0;
  const deviationMax = isCi ? 2 * SHARE_DEVIATION_MAX : SHARE_DEVIATION_MAX;
  if (deviation > deviationMax) {
    misses.push(`${row.name}: a share is ${deviation} from equal, more than ${deviationMax}`);
  }
  return misses;
}

/** Says why a row is void: a run that did not end, or NATS at less than half of what it is known to reach. */
export function voidnessesOf(row: Row, scenario: Scenario): string[] {
  const voids = row.failures
    .filter((failure) => failure.isOverdue)
    .map(({ system, repeat, why }) => `${row.name}: ${system}, run ${repeat}, ${why}`);
  if (scenario.kind !== "flow" || scenario.floor === undefined) return voids;
  if (typeof row.nats !== "number" || row.nats >= scenario.floor / 2) return voids;
  const known = `less than half of the ${scenario.floor} ${scenario.unit} that it is known for`;
  return [
    ...voids,
    `${row.name}: NATS reached ${row.nats}, ${known}; this machine is busy or slow`,
  ];
}

function good(samples: readonly (Sample | undefined)[] | undefined): Sample[] {
  return (samples ?? []).filter((sample) => sample !== undefined);
}

function pairwise(samples: SamplesBySystem, against: SystemName): [our: Sample, their: Sample][] {
  const theirs = samples.get(against) ?? [];
  return (samples.get("thynapse") ?? []).flatMap((our, repeat) => {
    const their = theirs[repeat];
    return our === undefined || their === undefined ? [] : [[our, their] as [Sample, Sample]];
  });
}

function perSystem(
  samples: SamplesBySystem,
  read: (sample: Sample) => number | undefined,
): Partial<Record<SystemName, number>> {
  const entries = [...samples].flatMap(([system, list]) => {
    const values = good(list)
      .map(read)
      .filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[system, tidy(medianOf(values))]];
  });
  return Object.fromEntries(entries) as Partial<Record<SystemName, number>>;
}

function reduce(figures: readonly Figure[], by: (values: number[]) => number): Figure | undefined {
  if (figures.length === 0) return undefined;
  const numbers = figures.filter((figure) => typeof figure === "number");
  if (numbers.length === figures.length) return by(numbers);
  const pairs = figures.filter((figure) => typeof figure !== "number");
  return { p50: by(pairs.map(({ p50 }) => p50)), p99: by(pairs.map(({ p99 }) => p99)) };
}

function divide(our: Figure, their: Figure): Figure {
  if (typeof our === "number" && typeof their === "number") return tidy(our / their);
  if (typeof our === "number" || typeof their === "number") return Number.NaN;
  return tidy({ p50: our.p50 / their.p50, p99: our.p99 / their.p99 });
}

function isLatency(figure: Figure | null): figure is Latency {
  return typeof figure === "object" && figure !== null;
}

function nullable(figure: Figure | undefined, then: (figure: Figure) => Figure): Figure | null {
  return figure === undefined ? null : then(figure);
}

/** Rounds to what is worth reading: four significant digits below 1 000, whole numbers above. */
function tidy<Kind extends Figure>(figure: Kind): Kind;
function tidy(figure: Figure): Figure {
  if (typeof figure !== "number") return { p50: tidy(figure.p50), p99: tidy(figure.p99) };
  return Math.abs(figure) >= 1_000 ? Math.round(figure) : Number(figure.toPrecision(4));
}
