import { matchesPattern, parsePattern } from "@thynapse/protocol";

import { Checker, type Violation } from "../../simulation/checker.js";
import type { LogRecord } from "../../simulation/log.js";
import type { Crew } from "./crew.js";
import { Judge, type JudgedGroup, type Judgement } from "./judge.js";
import { type FaultTime, type Latencies, Timings } from "./timings.js";

/** What the log of a run says. */
export interface Reading {
  readonly judgement: Judgement;
  readonly latencies: Latencies;
  readonly violations: readonly Violation[];
  readonly records: number;
}

/** Reads a log once: it may be larger than the memory. */
export function readLog(
  records: Iterable<LogRecord>,
  { crews, faults }: { readonly crews: readonly Crew[]; readonly faults: readonly FaultTime[] },
): Reading {
  const judge = new Judge(groupsOf(crews));
  const timings = new Timings(faults);
  const checker = new Checker();
  let count = 0;
  for (const record of records) {
    count++;
    judge.take(record);
    timings.take(record);
    checker.take(record);
  }
  return {
    judgement: judge.finish(),
    latencies: timings.finish(),
    violations: checker.finish(),
    records: count,
  };
}

/** The groups that crews make. */
export function groupsOf(crews: readonly Crew[]): JudgedGroup[] {
  return crews.flatMap(({ service, anycatchings }) =>
    anycatchings.map(({ pattern, options = {} }) => {
      const parsed = parsePattern(pattern);
      const fits = (channel: string): boolean => matchesPattern(parsed, channel);
      return { service, pattern, isAtMostOnce: options.redeliver === false, fits };
    }),
  );
}
