import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process that lives as long as its suite wants, and is spoken to by lines. */
export interface Child {
  readonly pid: number;
  /** Lines of standard error so far, for the message of a failure. */
  readonly errors: readonly string[];
  write(line: string): void;
  /** Ends it without a word, and resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const living = new Map<ChildProcess, Promise<unknown>>();

/** Starts a process; `hear` gets each line that it prints, and `undefined` when it has ended. */
export function startChild(
  [file, ...args]: readonly [string, ...string[]],
  hear: (line: string | undefined) => void,
): Child {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
  const errors: string[] = [];
  const ended = once(child, "close").finally(() => {
    living.delete(child);
    hear(undefined);
  });
  ended.catch((error: unknown) => errors.push(String(error)));
  living.set(child, ended);
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", hear);
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  return {
    pid: child.pid ?? -1,
    errors,
    write: (line) => void child.stdin.write(`${line}\n`),
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended.catch(() => {});
    },
  };
}

// What a failed case has left behind ends with the run.
after(async () => {
  const left = [...living];
  for (const [child] of left) child.kill("SIGKILL");
  await Promise.allSettled(left.map(([, ended]) => ended));
});
