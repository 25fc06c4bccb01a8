import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

import { eventually } from "./eventually.js";

/** What a started process is given. */
export interface ProcessOptions {
  /** Working directory: default that of the test run. */
  readonly cwd?: string;
  /** Variables added to those of the test run; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text written to standard input, which is then closed. Without it standard input is empty. */
  readonly input?: string;
}

/** How a process ended: exactly one of the two is not null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One child of this test; it is killed after the test if it still runs. */
export interface StartedProcess {
  readonly pid: number;
  /** Complete lines of standard output so far, oldest first. */
  readonly stdout: readonly string[];
  /** Complete lines of standard error so far, oldest first. */
  readonly stderr: readonly string[];
  /** Resolves when the process has ended and both outputs are read to their end. */
  readonly exit: Promise<ProcessExit>;
  /** Sends a signal to the process: default SIGTERM. */
  kill(signal?: NodeJS.Signals): void;
  /**
   * Resolves with the match in the first line, of either output, that fits `pattern`.
   * Lines that came earlier count. Rejects at once if the process ends without such a line.
   */
  waitForLine(pattern: RegExp, options?: { readonly withinMs?: number }): Promise<RegExpExecArray>;
}

const running = new Map<ChildProcess, Promise<ProcessExit>>();

/**
 * Starts `argv[0]` with the arguments that follow, without a shell, in a process group of its own.
 *
 * After each test whatever is left of the group gets SIGKILL, so children of the child
 * (what `npm` starts, say) do not outlive the test. No other process is touched.
 */
export function startProcess(
  argv: readonly [string, ...string[]],
  options: ProcessOptions = {},
): StartedProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // A child may end before it reads its input; its exit says so, not a broken pipe here.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");

  const stdout: string[] = [];
  const stderr: string[] = [];
  const arrived: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout.push(line);
    arrived.push(line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    stderr.push(line);
    arrived.push(line);
  });

  let ended: ProcessExit | undefined;
  const exit = exitOf(child).then((how) => {
    // What is left of the group goes now: later its number may belong to a stranger.
    killGroup(child);
    running.delete(child);
    return (ended = how);
  });
  running.set(child, exit);
  // Whoever awaits `exit` sees a failed start; nobody has to.
  exit.catch(() => {});

  return {
    pid: child.pid ?? -1,
    stdout,
    stderr,
    exit,
    kill: (signal = "SIGTERM") => void child.kill(signal),
    async waitForLine(pattern, { withinMs = 5000 } = {}) {
      const found = await Promise.race([
        eventually(() => firstMatch(arrived, pattern, argv), { withinMs }),
        exit.then(() => undefined),
      ]);
      if (found !== undefined) return found;
      return firstMatch(arrived, pattern, argv, ended);
    },
  };
}

/** Kills what `startProcess` started and still runs, and waits for the end of each. */
export async function killStartedProcesses(): Promise<void> {
  const left = [...running];
  running.clear();
  for (const [child] of left) killGroup(child);
  await Promise.allSettled(left.map(([, exit]) => exit));
}

function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function firstMatch(
  lines: readonly string[],
  pattern: RegExp,
  argv: readonly string[],
  ended?: ProcessExit,
): RegExpExecArray {
  // A pattern with the g or y flag would remember where it stopped from line to line.
  const fresh = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  for (const line of lines) {
    const match = fresh.exec(line);
    if (match) return match;
  }
  const how = ended ? `; it ended with ${ended.signal ?? ended.code}` : "";
  throw new Error(`no line ${pattern} from: ${argv.join(" ")}${how}\n${lines.join("\n")}`);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    // The group outlives its leader while a grandchild runs.
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

// Absent in a bench, which is no mocha run and calls `killStartedProcesses` itself.
if (typeof afterEach === "function") afterEach(killStartedProcesses);
