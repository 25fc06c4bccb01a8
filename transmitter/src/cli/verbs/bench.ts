import type { Cell } from "@thynapse/cell-sdk";
import { randomToken } from "@thynapse/protocol";
import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode } from "../fault.js";
import { choice, duration, integer, size } from "../flags.js";
import {
  type Load,
  measureAsking,
  measureLatency,
  measureThroughput,
  type Percentiles,
} from "../measure.js";
import { Progress } from "../progress.js";
import { attach, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { rateText } from "../table.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = {
  for: duration({
    describe: "length of each of the three runs",
    min: 100,
    max: 3_600_000,
    fallback: 3000,
  }),
  size: size({ describe: "size of a body", min: 1, max: 1 << 20, fallback: 100 }),
  mode: choice(["multi", "any"] as const, {
    describe: "how events are caught: multicatch, or anycatch with a settlement each",
    fallback: "multi",
  }),
  rate: integer({
    describe: "events per second while latency is measured",
    min: 1,
    max: 100_000,
    fallback: 1000,
  }),
  ...cellFlags,
};

/** `thynapse bench`: throughput and latency of this machine against a transmitter. */
export const bench = defineVerb({
  name: "bench",
  usage: "",
  flags,
  notes: `One sending and one catching cell share this process, so throughput is that of one core.
The channel is a new one: no other cell is disturbed, except by the load.`,
  examples: ["bench", "bench --for 10s --size 4KiB --mode any", "bench --json"],
  async run(invocation) {
    const { flags: given, err } = invocation;
    return await withCell(
      invocation,
      async ({ cell, ending }) => {
        const receiver = await attach(invocation, { service: "thynapse-bench" });
        const progress = new Progress(err);
        const { mode, size: bodyBytes, for: forMs } = given;
        try {
          const load = { sender: cell, receiver, mode, bodyBytes, forMs, ending, progress };
          return await measure(invocation, load);
        } finally {
          progress.clear();
          await closed(receiver);
        }
      },
      { service: "thynapse-bench", echo: false },
    );
  },
});

async function closed(cell: Cell): Promise<void> {
  await cell.close().catch(() => undefined);
}

async function measure(
  { flags: given, out }: Invocation<typeof flags>,
  load: Load,
): Promise<ExitCode> {
  const { ending, progress } = load;
  const channel = (what: string) => `thynapse-bench.${randomToken(64)}.${what}`;
  const measured: Record<string, unknown> = { mode: load.mode, bodyBytes: load.bodyBytes };

  const throughput = await measureThroughput(load, channel("throughput"));
  if (ending.aborted) return exitCode.interrupted;
  progress.clear();
  measured["throughput"] = throughput;
  if (!given.json) {
    const { eventsPerSecond, megabytesPerSecond, events, seconds } = throughput;
    const rates = `${rateText(eventsPerSecond)} events/s, ${rateText(megabytesPerSecond)} MB/s`;
    void out.line(
      `throughput  ${rates}  (${events} events of ${load.bodyBytes} B in ${seconds} s)`,
    );
  }

  const latency = await measureLatency(load, channel("latency"), given.rate);
  if (ending.aborted) return exitCode.interrupted;
  progress.clear();
  measured["latency"] = { perSecond: given.rate, ...latency };
  if (!given.json)
    void out.line(`latency     ${percentilesText(latency)} at ${given.rate} events/s`);

  const asking = await measureAsking(load, channel("ask"));
  if (ending.aborted) return exitCode.interrupted;
  progress.clear();
  measured["ask"] = asking;
  void out.line(given.json ? jsonLine(measured) : `ask         ${percentilesText(asking)}`);
  return exitCode.ok;
}

function percentilesText({ p50, p90, p99, p999, max }: Percentiles): string {
  return `p50 ${p50} ms, p90 ${p90}, p99 ${p99}, p99.9 ${p999}, max ${max}`;
}
