import { ruleNames } from "../../simulation/rules/rule.js";
import { medianOf, percentileOf } from "../../bench/statistics.js";
import type { Notice } from "../faults/instructions.js";
import { countOf, type Finding, latencyOf, noneOf, shown } from "./finding.js";
import type { ChaosRun, MadeFault } from "./run.js";

/** A quiet machine takes at most this long for a send, a delivery, an ack and a confirm. */
const quietPingMs = 10;
/** A machine that is slower than that shows nothing of what things take. */
const slackMax = 5;
/** How long after a stall somebody may still be called dead for it. */
const burialMs = 4000;

/** Holds a run with faults against what is promised. */
export function findingsOf(run: ChaosRun): Finding[] {
  return [...promises(run), ...latencies(run), ...deaths(run)];
}

function promises({ reading, faults, refused }: ChaosRun): Finding[] {
  const { judgement, violations } = reading;
  const { handled, twice } = judgement;
  const rules = [...new Set(violations.map(({ rule }) => rule))];
  const broken = rules.map((rule) => {
    const of = violations.filter((it) => it.rule === rule).map(({ what }) => what);
    return noneOf(`rule broken: ${ruleNames[rule]}`, of, "times");
  });
  const failed = faults.filter(({ outcome }) => "failed" in outcome).map(sayFault);
  const untrue = faults.filter(({ name, outcome }) => isUntrue(name, outcome)).map(sayFault);
  return [
    shown("events sent", judgement.sent, "events"),
    shown("events confirmed as handled", judgement.confirmed, "events"),
    noneOf("confirmed as handled and lost", judgement.lost),
    countOf("handled twice", round((twice / Math.max(1, handled)) * 100), 1, "%"),
    noneOf("handled twice and not marked", judgement.twiceUnmarked),
    countOf("settled by two origins", judgement.byTwoOrigins, Math.ceil((handled / 1e6) * 100)),
    noneOf("at most once, and handled twice", judgement.twiceAtMostOnce),
    shown("settled by a second origin when the first was dead", judgement.byNextOrigin, "events"),
    countOf("rules broken", rules.length, 0, "rules"),
    ...broken,
    noneOf("events refused", refused),
    noneOf("faults that could not be made", failed, "faults"),
    noneOf("faults that went another way", untrue, "faults"),
    shown("faults", faults.length, "faults"),
    shown("kinds of faults", new Set(faults.map(({ name }) => name)).size, "kinds"),
  ];
}

function latencies({ reading, faults, calmMs }: ChaosRun): Finding[] {
  const calm = percentileOf(Float64Array.from(calmMs).sort(), 0.99);
  const slack = Math.min(slackMax, Math.max(1, calm / quietPingMs));
  const { killMoved, freezeMoved, welcomeAgain, ...rest } = reading.latencies;
  const of = (fraction: number, limit: number) => ({ fraction, limit, slack });
  const heals = faults
    .filter(({ name }) => name === "link-cut" || name === "link-cut-one-way")
    .map(({ wholeMs = 0 }) => wholeMs);
  return [
    shown("calm ping, p50", round(medianOf(calmMs)), "ms"),
    shown("calm ping, p99", round(calm), "ms"),
    shown("slack", round(slack), "times"),
    latencyOf("cell killed → its event elsewhere, p50", killMoved, of(0.5, 20)),
    latencyOf("cell killed → its event elsewhere, p99", killMoved, of(0.99, 100)),
    latencyOf("cell frozen → its event elsewhere, max", freezeMoved, of(1, 2500)),
    latencyOf("transmitter frozen → its cells elsewhere, max", rest.frozenWelcome, of(1, 2500)),
    latencyOf("transmitter killed → its cells welcome, p99", welcomeAgain, of(0.99, 1000)),
    latencyOf("transmitter killed → senders confirmed, p99", rest.confirmedAgain, of(0.99, 1000)),
    latencyOf("link healed → views equal, max", heals, of(1, 2000)),
    latencyOf("link healed → gaps repaired, max", rest.healCaught, of(1, 2000)),
  ];
}

/** In a calm time nobody is called dead, and no link begins anew; nobody is dead for a short stall. */
function deaths({ notices, faults, calmUntilMs }: ChaosRun): Finding[] {
  const buried = notices.filter(({ channel }) => channel.endsWith(".dead"));
  const isCalm = ({ timeMs }: Notice): boolean => timeMs < calmUntilMs;
  const anew = notices.filter(({ channel }) => channel === "$mesh.link.anew").filter(isCalm);
  const stalls = faults.filter(({ name }) => name.endsWith("-stalled"));
  const stalled = buried.filter((notice) => stalls.some((stall) => isOf(stall, notice, faults)));
  return [
    noneOf("called dead in a calm time", buried.filter(isCalm).map(sayNotice), "deaths"),
    noneOf("links that began anew in a calm time", anew.map(sayNotice), "links"),
    noneOf("called dead for a stall under a second", stalled.map(sayNotice), "deaths"),
  ];
}

/** Whether somebody was called dead for that stall, and for nothing else. */
function isOf(stall: MadeFault, { timeMs, data }: Notice, faults: readonly MadeFault[]): boolean {
  const within = (it: MadeFault): boolean =>
    timeMs >= it.beganMs && timeMs <= it.endedMs + burialMs;
  if (!within(stall) || data["id"] !== stall.outcome["id"]) return false;
  return !faults.some((other) => other !== stall && within(other));
}

/** Whether a fault itself shows that a promise was broken. */
function isUntrue(name: string, outcome: MadeFault["outcome"]): boolean {
  if (name === "id-taken") return outcome["refusal"] !== "ID_TAKEN";
  if (name === "transmitter-drained") return outcome["exit"] !== 0;
  return name === "cell-leaves" && outcome["unconfirmed"] !== 0;
}

function sayFault({ name, outcome }: MadeFault): string {
  return `${name}: ${JSON.stringify(outcome)}`;
}

function sayNotice({ channel, data }: Notice): string {
  return `${channel} ${JSON.stringify(data)}`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
