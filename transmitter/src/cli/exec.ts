import type { CaughtEvent } from "@thynapse/cell-sdk";
import { spawn } from "node:child_process";
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
its environment.`;

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

/** Runs a command for one event, and resolves when it has ended. Kills it when `signal` aborts. */
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
  const child = spawn(file, args, {
    env: { ...to.env, ...eventVariables(event) },
    stdio: ["pipe", to.output === "captured" ? "pipe" : to.output === "standard output" ? 1 : 2, 2],
    signal: to.signal,
    killSignal: "SIGTERM",
  });
  // A command may end without reading its input; its exit code says what became of the event.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(bodyBytes(event.data));
  const pieces: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= eventBytesMax) pieces.push(piece);
    else child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      if (error.name !== "AbortError") reject(error);
    });
    child.on("close", (code, signal) => {
      if (bytes <= eventBytesMax) resolve({ code, signal, output: Buffer.concat(pieces) });
      else reject(new Error(`${command.text} wrote over ${eventBytesMax} bytes`));
    });
  });
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
