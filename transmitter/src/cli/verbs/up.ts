import { setFlagsFromString } from "node:v8";

import {
  type Ending,
  type OptionRow,
  type OptionValue,
  resolveTransmitter,
  startTransmitter,
  type Transmitter,
  type TransmitterOptions,
  transmitterOptions,
  readOption,
} from "../../index.js";
import { jsonLine } from "../event-view.js";
import {
  CliFault,
  type ExitCode,
  exitCode,
  faultLine,
  faultOf,
  isMeshError,
  systemExit,
} from "../fault.js";
import { durationText, type Flag, sizeText } from "../flags.js";
import type { Interrupts } from "../interrupts.js";
import type { Output } from "../output.js";
import { everyFlags, transmitterDefault } from "../common-flags.js";
import type { Resolved } from "../resolve.js";
import { defineVerb, type Invocation } from "../verb.js";

const placeholders: Readonly<Record<OptionRow["kind"], string | undefined>> = {
  host: "HOST",
  port: "N",
  duration: "DURATION",
  size: "BYTES",
  count: "N",
  thid: "ID",
  segment: "NAME",
  places: "HOST:PORT",
  secret: "TEXT",
  toggle: undefined,
  choice: "WORD",
};

const flags: Readonly<Record<string, Flag<OptionValue | undefined>>> & typeof everyFlags = {
  ...Object.fromEntries(transmitterOptions.map((row) => [row.flag, flagOf(row)])),
  ...everyFlags,
};

/** `thynapse up`: a transmitter in this process, until a signal or a drain ends it. */
export const up = defineVerb({
  name: "up",
  usage: "",
  flags,
  notes: `SIGTERM and Ctrl-C drain: what was accepted is settled first, then it ends. A second
Ctrl-C ends it at once. SIGHUP reads the config file again and says what changes and what
needs a restart. The log is JSON on standard error. Ends with 5 where another transmitter of
the mesh has its id.`,
  examples: [
    "up",
    "up --port 0 --json",
    "up --bind 0.0.0.0 --insecure --advertise transmitter.internal",
    "up -c transmitter.json",
  ],
  async run(invocation) {
    const { out, err, interrupts } = invocation;
    collectSeldom();
    const hangups = new Hangups();
    const transmitter = await start(invocation);
    if (transmitter === undefined) return endOf(interrupts);
    tellReady(invocation, transmitter);
    hangups.each(() => {
      void reload(invocation, transmitter).then((line) => err.line(`thynapse: SIGHUP: ${line}`));
    });
    const drain = () => {
      void transmitter.drain();
      const again =
        interrupts.exit === exitCode.interrupted ? "; Ctrl-C again ends it at once" : "";
      void err.line(`thynapse: draining${again}`);
    };
    interrupts.signal.addEventListener("abort", drain);
    if (interrupts.signal.aborted) drain();
    const ending = await transmitter.closed;
    if (ending.error !== undefined) throw startFault(ending.error);
    for (const line of restOf(ending)) void err.line(`thynapse: ${line}`);
    if (ending.unconfirmed === 0 && out.isTerminal) void out.line("drained");
    return endOf(interrupts);
  },
});

/** SIGHUP from now on: what comes before anybody asks for each is one, and comes then. */
class Hangups {
  #then: (() => void) | undefined;
  #waiting = false;

  constructor() {
    process.on("SIGHUP", () => {
      if (this.#then === undefined) this.#waiting = true;
      else this.#then();
    });
  }

  each(then: () => void): void {
    this.#then = then;
    if (this.#waiting) then();
  }
}

/** What is to be said of events that were accepted and not handled. */
function restOf({ left = 0, successor, unconfirmed }: Ending): string[] {
  const lines: string[] = [];
  if (left > 0) lines.push(`left ${left} events to be handled to transmitter ${successor}`);
  if (unconfirmed > 0) lines.push(`ended with ${unconfirmed} events accepted and not handled`);
  return lines;
}

/**
 * Lets the heap grow tenfold before it is collected as a whole. The ring keeps messages that V8
 * does not own but counts as its own, twice; by its own measure it would collect a heap of 9 MB
 * after every 14 MB that pass, for a third of the time of a busy transmitter.
 */
function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=900");
}

/** SIGTERM is how a drain is asked for; only Ctrl-C is an interruption. */
function endOf({ exit }: Interrupts): ExitCode {
  return exit === exitCode.interrupted ? exitCode.interrupted : exitCode.ok;
}

/** Starts it; `undefined` if a signal has ended the start. */
async function start(invocation: Invocation<typeof flags>): Promise<Transmitter | undefined> {
  const options = inputOf(invocation, invocation.err.isTerminal);
  const { signal } = invocation.interrupts;
  try {
    resolveTransmitter(options, (row) => `--${row.flag}`);
    return await startTransmitter(options, { signal });
  } catch (thrown) {
    if (isMeshError(thrown) && thrown.code === "ABORTED") return undefined;
    throw startFault(thrown);
  }
}

/** Re-reads what may change; says in one line what became of it. */
async function reload(
  invocation: Invocation<typeof flags>,
  transmitter: Transmitter,
): Promise<string> {
  try {
    const input = inputOf(await invocation.again(), invocation.err.isTerminal);
    const { changed, kept } = transmitter.reload(input);
    const parts = [
      ...(changed.length > 0 ? [`changed ${flagsOf(changed)}`] : []),
      ...(kept.length > 0 ? [`${flagsOf(kept)} stays as it was — restart to change it`] : []),
    ];
    return parts.length > 0 ? parts.join("; ") : "nothing has changed";
  } catch (thrown) {
    const fault = faultOf(startFault(thrown));
    return `${faultLine(fault).replace(/^thynapse: /, "")}; everything stays as it was`;
  }
}

function flagsOf(names: readonly string[]): string {
  const rows = transmitterOptions.filter(({ name }) => names.includes(name));
  return rows.map(({ flag }) => `--${flag}`).join(", ");
}

function inputOf(
  { flags: given, given: names }: Resolved<typeof flags>,
  isTerminal: boolean,
): TransmitterOptions {
  const input: Record<string, OptionValue | undefined> = {};
  for (const row of transmitterOptions) {
    if (names.has(row.flag)) input[row.name] = given[row.flag] as OptionValue;
  }
  // A person reads the lines about readiness; the log would only repeat them.
  if (isTerminal && !names.has("log-level")) input["logLevel"] = "warn";
  return input as TransmitterOptions;
}

function startFault(thrown: unknown): unknown {
  if (!isMeshError(thrown)) return thrown;
  const exits: Readonly<Record<string, ExitCode>> = {
    BAD_OPTION: exitCode.usage,
    ADDRESS_IN_USE: exitCode.busy,
    DENIED: exitCode.permission,
  };
  const exit = systemExit(thrown.cause) ?? exits[thrown.code] ?? faultOf(thrown).exit;
  return new CliFault(exit, thrown.reason, { fix: thrown.hint, cause: thrown });
}

function tellReady({ flags: given, out }: Invocation<typeof flags>, transmitter: Transmitter) {
  const { id, command, pub, pid, metrics } = transmitter;
  if (given.json) {
    const shown = metrics === undefined ? {} : { metrics };
    void out.line(jsonLine({ ready: true, id, command, pub, pid, ...shown }));
  } else if (out.isTerminal) {
    tellPerson(out, transmitter);
  } else {
    void out.line(`ready ${command} (events ${pub}, id ${id}, pid ${pid})`);
  }
}

function tellPerson(out: Output, { id, command, pub, metrics }: Transmitter): void {
  const to = command === transmitterDefault ? "" : ` -t ${command}`;
  const lines = [
    `transmitter ${id}`,
    `  cells    ${command}`,
    `  events   ${pub}`,
    ...(metrics === undefined ? [] : [`  metrics  ${metrics}`]),
    "",
    "in another terminal:",
    `  thynapse watch${to} 'hello.*'`,
    `  thynapse send${to} hello.world '{"n": 1}'`,
    `  thynapse top${to}`,
    "",
    "Ctrl-C drains, twice ends at once.",
  ];
  for (const line of lines) void out.line(line);
}

/** Makes the flag of an option; its rules are those of the option. */
function flagOf(row: OptionRow): Flag<OptionValue | undefined> {
  return {
    describe: row.doc,
    placeholder: placeholders[row.kind],
    alias: [],
    configName: row.name,
    repeatable: row.kind === "places",
    ...(row.choices === undefined ? {} : { choices: row.choices }),
    shown: shownDefault(row),
    fallback: undefined,
    read: (given, where) => {
      try {
        return readOption(row, row.kind === "places" ? given : given[0], where);
      } catch (thrown) {
        throw startFault(thrown);
      }
    },
  };
}

function shownDefault({ kind, fallback, defaultText }: OptionRow): string | undefined {
  if (defaultText !== undefined) return defaultText;
  if (fallback === undefined || fallback === false) return undefined;
  if (kind === "duration") return durationText(Number(fallback));
  if (kind === "size") return sizeText(Number(fallback));
  return String(fallback);
}
