import * as limits from "@thynapse/protocol";
import type { CoreLimits, CoreOptions } from "./effects.js";

const defaults: CoreLimits = {
  heartbeatMs: limits.heartbeatMs,
  suspectMs: limits.suspectMs,
  deadMs: 1000,
  claimMs: limits.claimMs,
  groupKeepMs: limits.groupKeepMs,
  streamKeepMs: limits.streamKeepMs,
  ringBytesMax: limits.ringBytesMax,
  backlogEventsMax: limits.backlogEventsMax,
  backlogBytesMax: limits.backlogBytesMax,
  backlogAgeMs: limits.backlogAgeMs,
  dedupeWindowMs: limits.dedupeWindowMs,
  drainTimeoutMs: limits.drainTimeoutMs,
  catchesMax: limits.catchesMax,
  errorBudget: limits.errorBudget,
  errorBudgetMs: limits.errorBudgetMs,
  muteMs: limits.muteMs,
  windowBytes: limits.windowBytesMax,
  eventBytesMax: limits.eventBytesMax,
  deadLettersMax: 10_000,
  deadLetterBytesMax: 64 * 1024 * 1024,
  routesMax: 16_384,
  joinTimeoutMs: 5000,
  linkPauseMs: 1000,
  linkCutMs: 300,
  linkForgetMs: 600_000,
  linkWindow: 256,
  linkBytesMax: 16 * 1024 * 1024,
};

/** The limits of a core: what was given, else the defaults. */
export function coreLimits(options: CoreOptions): CoreLimits {
  const chosen: Record<string, number> = { ...defaults };
  for (const name of Object.keys(defaults)) {
    const value = options[name as keyof CoreLimits];
    if (value !== undefined) chosen[name] = value;
  }
  return chosen as unknown as CoreLimits;
}

/** Limits that are looked up whenever they are needed, and so may change. */
const adjustable = [
  ...["suspectMs", "deadMs", "drainTimeoutMs", "streamKeepMs"],
  ...["backlogEventsMax", "backlogBytesMax", "backlogAgeMs", "catchesMax"],
  ...["errorBudget", "errorBudgetMs", "muteMs"],
] as readonly (keyof CoreLimits)[];

/** Gives limits other values, for all who hold them, as far as they may change. */
export function adjustLimits(limits: CoreLimits, wanted: Partial<CoreLimits>): void {
  const held = limits as Record<keyof CoreLimits, number>;
  for (const name of adjustable) held[name] = wanted[name] ?? held[name];
}
