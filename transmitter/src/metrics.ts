import { counterHelp } from "./core/counters.js";
import type { TransmitterCore } from "./core/transmitter-core.js";

/** One number that is measured. */
interface Sample {
  /** In camel case; the metric is `thynapse_` and this in snake case. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly value: number;
}

/** What each gauge says; those of the core first, then those of the shell. */
const gaugeHelp: Readonly<Record<string, string>> = Object.freeze({
  uptimeMs: "time since the start, in ms",
  cells: "cells attached",
  services: "services with a cell",
  groups: "groups",
  streams: "streams",
  backlog: "events that wait in groups",
  deadLetters: "dead letters kept",
  ringBytes: "bytes kept to repair streams",
  rssBytes: "resident memory of the process",
  waitingBytes: "bytes of commands that wait for cells that do not read",
  latenessMs: "longest delay of a timer since the last look, in ms",
  eventLoopUtilization: "share of the time that the event loop was busy since the start",
  foreignNotices: "messages on the event socket that were no subscriptions",
  subscriptionsPassedOver: "subscriptions not looked at behind a message that was none",
  chosenRoutingIds: "messages of connections that chose their own routing id",
  handshakesFailed: "connections that failed their handshake",
  beaconsRefused: "datagrams that were no beacons of this mesh, or too many",
  addressesRefused: "times that an address of another transmitter could not be connected to",
});

/** The numbers of one transmitter: the counters of its core, and gauges. */
export class Metrics {
  private readonly core: TransmitterCore;
  private readonly nowMs: () => number;
  /** Gauges of the shell by the names in `gaugeHelp`. */
  private readonly gauges: () => Readonly<Record<string, number>>;

  constructor(
    core: TransmitterCore,
    nowMs: () => number,
    gauges: () => Readonly<Record<string, number>>,
  ) {
    this.core = core;
    this.nowMs = nowMs;
    this.gauges = gauges;
  }

  /** Writes all of them in Prometheus' text format. */
  render(): string {
    return this.samples().map(renderSample).join("");
  }

  private samples(): Sample[] {
    const { counters } = this.core;
    const known: Record<string, unknown> = {
      ...this.core.statusOf(this.nowMs()),
      ...this.gauges(),
    };
    known["eventLoopUtilization"] = performance.eventLoopUtilization().utilization;
    const counted = Object.entries(counters.snapshot()).map(
      ([name, value]): Sample => ({
        name: `${name}Total`,
        type: "counter",
        help: counterHelp[name as keyof typeof counterHelp],
        value,
      }),
    );
    const measured = Object.entries(gaugeHelp)
      .filter(([name]) => typeof known[name] === "number")
      .map(([name, help]): Sample => ({ name, type: "gauge", help, value: Number(known[name]) }));
    return [...counted, ...measured];
  }
}

/**
 * `# HELP`, `# TYPE` and the value, a line each. Help texts are ours, so nothing needs an escape.
 */
function renderSample({ name, type, help, value }: Sample): string {
  const metric = `thynapse_${name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}`;
  return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${metric} ${value}\n`;
}
