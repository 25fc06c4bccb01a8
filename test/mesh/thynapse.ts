import { fileURLToPath } from "node:url";

import { startProcess, type StartedProcess } from "../support/process.js";

/** The script that `npm` links as `thynapse`. */
export const bin = fileURLToPath(new URL("../../transmitter/bin/thynapse.js", import.meta.url));

/** What a run of the command is given. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Text on its standard input, which is then closed. */
  readonly input?: string;
  /** Arguments of node that stand before the script. */
  readonly node?: readonly string[];
  readonly cwd?: string;
}

/** How a run of the command ended. */
export interface RunEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Starts the real command; no variable of this machine that is meant for it reaches it. */
export function startThynapse(argv: readonly string[], options: RunOptions = {}): StartedProcess {
  const { env, input, node = [], cwd } = options;
  const none = Object.keys(process.env)
    .filter((name) => name.startsWith("THYNAPSE_"))
    .map((name) => [name, undefined]);
  return startProcess([process.execPath, ...node, bin, ...argv], {
    env: { ...Object.fromEntries(none), ...env },
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Runs the real command to its end. */
export async function runThynapse(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunEnd> {
  const started = startThynapse(argv, options);
  const { code, signal } = await started.exit;
  return { code, signal, stdout: started.stdout, stderr: started.stderr };
}

/** Calls `work` for each item, at most `limit` at a time, and keeps the order of the results. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const [at, item] of queue) results[at] = await work(item);
    }),
  );
  return results;
}
