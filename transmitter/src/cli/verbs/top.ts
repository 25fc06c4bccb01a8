import { setTimeout as delay } from "node:timers/promises";
import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode } from "../fault.js";
import { duration, integer } from "../flags.js";
import type { Output } from "../output.js";
import { activityLines } from "../activity-lines.js";
import { type Activity, activityBetween, type Sample, takeSample } from "../sample.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { defineVerb } from "../verb.js";

const flags = {
  interval: duration({
    describe: "time between two samples",
    min: 100,
    max: 3_600_000,
    fallback: 1000,
  }),
  count: integer({
    describe: "end after this many tables",
    alias: "n",
    placeholder: "COUNT",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  ...timeoutFlag(),
  ...cellFlags,
};

/** `thynapse top`: live rates, backlogs and slow cells of the whole mesh. */
export const top = defineVerb({
  name: "top",
  usage: "",
  flags,
  notes: `Rates are events per second between two samples; the first table comes after one interval.
Its own questions are left out. It ends with ${exitCode.timedOut} if a transmitter did not answer
the last time.`,
  examples: ["top", "top --interval 5s", "top --json -n 1"],
  async run(invocation) {
    const { flags: given, out } = invocation;
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { timeoutMs: given.timeout, signal: ending };
      let before = await takeSample(cell, query);
      const screen = out.isTerminal && !given.json ? new Screen(out) : undefined;
      try {
        for (let shown = 0; shown < (given.count ?? Infinity); shown++) {
          await delay(given.interval, undefined, { signal: ending }).catch(() => undefined);
          if (ending.aborted) break;
          const now: Sample = await takeSample(cell, query);
          await show(activityBetween(before, now), { out, screen, json: given.json });
          before = now;
        }
      } finally {
        screen?.leave();
      }
      return before.missing.length === 0 ? exitCode.ok : exitCode.timedOut;
    });
  },
});

interface Display {
  readonly out: Output;
  readonly screen: Screen | undefined;
  readonly json: boolean;
}

async function show(activity: Activity, { out, screen, json }: Display): Promise<void> {
  if (json) return await out.line(jsonLine(activity));
  if (screen !== undefined) return await screen.draw(activityLines(activity, out.columns));
  for (const line of activityLines(activity)) await out.line(line);
  await out.line("");
}

/** The whole terminal, given back as it was. */
class Screen {
  readonly #out: Output;

  constructor(out: Output) {
    this.#out = out;
    // The other screen of the terminal, and no cursor.
    void out.write("\x1b[?1049h\x1b[?25l");
  }

  async draw(lines: readonly string[]): Promise<void> {
    const { columns } = this.#out;
    const room = this.#out.rows - 1;
    const shown = lines.length <= room ? lines : lines.slice(0, room - 1);
    const more = lines.length - shown.length;
    const visible = more === 0 ? shown : [...shown, `… ${more} more lines`];
    const text = visible.map((line) => `${line.slice(0, columns)}\x1b[K\n`).join("");
    await this.#out.write(`\x1b[H${text}\x1b[J`);
  }

  leave(): void {
    void this.#out.write("\x1b[?25h\x1b[?1049l");
  }
}
