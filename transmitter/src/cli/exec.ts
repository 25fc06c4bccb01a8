import type { CaughtEvent } from "@thynapse/cell-sdk";
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { eventBytesMax } from "@thynapse/protocol";
import { bodyBytes } from "./event-view.js";
import { usageFault } from "./fault.js";
import { text, toggle } from "./flags.js";
import { splitWords } from "./words.js";

/** Flags of verbs that run a command for each event. */
export const execFlags = {
  exec: text({
    describe: "run this for each event: the body on its input, exit code 0 is done",
    placeholder: "COMMAND",
  }),
  shell: toggle({ describe: "have a shell run --exec; without it there is none" }),
};

/** How the help of each verb with `--exec` explains it. */
export const execNotes = `COMMAND is split into words like in a shell, and run without one.
It finds THYNAPSE_EVENT_CHANNEL, _ATTEMPT, _THID, _SEQ, _REPEAT, _FROM_ID and _FROM_SERVICE in
its environment. After Ctrl-C it may finish; a second Ctrl-C ends it too.`;

/** A command that is run for each event. */
export interface EventCommand {
  /** How it was written. */
  readonly text: string;
  readonly argv: readonly [string, ...string[]];
}

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote, if that was captured. */
  readonly output: Buffer;
}

/**
 * Checks the command of `--exec`, before anything is caught.
 *
 * @throws {CliFault} of usage: nothing to run, `--shell` alone, no such program.
 */
export function resolveCommand(
  flags: { readonly exec: string | undefined; readonly shell: boolean },
  env: NodeJS.ProcessEnv,
): EventCommand | undefined {
  if (flags.exec === undefined) {
    if (flags.shell) throw usageFault("--shell without --exec", "add --exec COMMAND");
    return undefined;
  }
  if (flags.shell) {
    if (flags.exec.trim() === "") throw usageFault("--exec: no command");
    return { text: flags.exec, argv: ["/bin/sh", "-c", flags.exec] };
  }
  const argv = splitWords(flags.exec, "--exec");
  if (!isProgram(argv[0], env)) {
    const fix = "give a program and its arguments, or add --shell";
    throw usageFault(`--exec: no program ${JSON.stringify(argv[0])} found`, fix);
  }
  return { text: flags.exec, argv };
}

/** Where the output of a command goes. */
export type CommandOutput = "captured" | "standard output" | "standard error";

/** Commands that run. Each leads a group of processes of its own. */
const running = new Set<ChildProcess>();
/** What ends this process, and once did the commands in its group with it. */
const endings = ["SIGHUP", "SIGQUIT"] as const;
let isWatching = false;

/**
 * Runs a command for one event, and resolves when it has ended. Kills it when `signal` aborts, and
 * when this process ends; but Ctrl-C in a terminal does not reach it, so that it may finish.
 */
export function runCommand(
  command: EventCommand,
  event: CaughtEvent,
  to: {
    readonly output: CommandOutput;
    readonly signal: AbortSignal;
    readonly env: NodeJS.ProcessEnv;
  },
): Promise<CommandEnd> {
  const [file, ...args] = command.argv;
  if (!isWatching) watchEndings();
  const child = spawn(file, args, {
    env: { ...to.env, ...eventVariables(event) },
    stdio: ["pipe", to.output === "captured" ? "pipe" : to.output === "standard output" ? 1 : 2, 2],
    detached: true,
  });
  running.add(child);
  const abort = (): void => end(child, "SIGTERM");
  to.signal.addEventListener("abort", abort);
  if (to.signal.aborted) abort();
  // A command may end without reading its input; its exit code says what became of the event.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(bodyBytes(event.data));
  const pieces: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= eventBytesMax) pieces.push(piece);
    else end(child, "SIGKILL");
  });
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      running.delete(child);
      to.signal.removeEventListener("abort", abort);
    };
    child.on("error", (error) => {
      ended();
      reject(error);
    });
    child.on("close", (code, signal) => {
      ended();
      if (bytes <= eventBytesMax) resolve({ code, signal, output: Buffer.concat(pieces) });
      else reject(new Error(`${command.text} wrote over ${eventBytesMax} bytes`));
    });
  });
}

/** Sees to it that no command outlives this process, unless that is killed by SIGKILL. */
function watchEndings(): void {
  isWatching = true;
  process.on("exit", () => endAll("SIGTERM"));
  for (const signal of endings) {
    process.once(signal, () => {
      endAll(signal);
      process.kill(process.pid, signal);
    });
  }
}

function endAll(signal: NodeJS.Signals): void {
  for (const child of running) end(child, signal);
}

/** Signals a command and what it has started. */
function end({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended, or has made itself somebody whom this process may not signal.
  }
}

/** Says how a command failed; undefined if it did not. */
export function failureOf({ code, signal }: CommandEnd): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `the command ended with ${code}` : `the command was ended by ${signal}`;
}

function eventVariables(event: CaughtEvent): Record<string, string> {
  return {
    THYNAPSE_EVENT_CHANNEL: event.channel,
    THYNAPSE_EVENT_ATTEMPT: String(event.attempt),
    THYNAPSE_EVENT_THID: event.thid,
    THYNAPSE_EVENT_SEQ: String(event.seq),
    THYNAPSE_EVENT_REPEAT: String(event.repeat),
    THYNAPSE_EVENT_FROM_ID: event.from.id,
    THYNAPSE_EVENT_FROM_SERVICE: event.from.service,
  };
}

function isProgram(name: string, env: NodeJS.ProcessEnv): boolean {
  if (name.includes("/")) return isExecutable(name);
  const folders = (env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
