import { readFileSync } from "node:fs";
import type { CoreOptions } from "../core/effects.js";
import type { ResolvedOptions } from "./options.js";

const manifest = new URL("../../package.json", import.meta.url);

/** The version of this package. */
export const version: string = (
  JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }
).version;

/**
 * Those options of a transmitter that are limits of its core, under the names that the core has for
 * them.
 */
export function limitsOf(options: ResolvedOptions): Partial<CoreOptions> {
  return {
    heartbeatMs: options.heartbeatMs,
    suspectMs: options.suspectMs,
    deadMs: options.deadMs,
    claimMs: options.claimMs,
    groupKeepMs: options.groupKeepMs,
    streamKeepMs: options.streamKeepMs,
    ringBytesMax: options.ringBytesMax,
    backlogEventsMax: options.backlogEventsMax,
    backlogBytesMax: options.backlogBytesMax,
    backlogAgeMs: options.backlogAgeMs,
    dedupeWindowMs: options.dedupeWindowMs,
    drainTimeoutMs: options.drainTimeoutMs,
    catchesMax: options.catchesMax,
    errorBudget: options.errorBudget,
    errorBudgetMs: options.errorBudgetMs,
    muteMs: options.muteMs,
    windowBytes: options.windowBytes,
    eventBytesMax: options.eventBytesMax,
    deadLettersMax: options.deadLettersMax,
    deadLetterBytesMax: options.deadLetterBytesMax,
    routesMax: options.routesMax,
    joinTimeoutMs: options.joinTimeoutMs,
    linkPauseMs: options.linkPauseMs,
    linkCutMs: options.linkCutMs,
    linkForgetMs: options.linkForgetMs,
    // What is beyond the high-water mark of a peer would only be dropped there, and sent again.
    linkWindow: Math.min(options.linkWindow, Math.ceil(options.highWaterMark / 2)),
    linkBytesMax: options.linkBytesMax,
  };
}
