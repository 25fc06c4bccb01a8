// Processes that an example starts. They end with it, and it ends no others.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The `thynapse` command of this repository; elsewhere it is `npx thynapse`. */
export const thynapse = fileURLToPath(new URL("../transmitter/bin/thynapse.js", import.meta.url));

const living = new Set();

process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** One process that is spoken to by lines. */
export class Child {
  #process;
  #heard = [];
  #waiting = new Set();

  /** `onLine` gets each line of standard output; `stdin` is "pipe" or an open file. */
  constructor(file, args, { onLine = () => {}, stdin = "pipe", passOn = () => true } = {}) {
    const child = spawn(file, args, { stdio: [stdin, "pipe", "pipe"] });
    this.#process = child;
    living.add(child);
    child.stdin?.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#heard.push(line);
      onLine(line);
      for (const look of this.#waiting) look(line);
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (passOn(line)) console.error(line);
    });
    /** Resolves with the exit code, or the name of the signal. */
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal));
    }).finally(() => living.delete(child));
    this.ended.catch(() => {});
  }

  get pid() {
    return this.#process.pid;
  }

  /** Resolves with the first line that begins with `start`; earlier ones count. */
  async line(start) {
    const earlier = this.#heard.find((line) => line.startsWith(start));
    if (earlier !== undefined) return earlier;
    const coming = new Promise((resolve) => {
      const look = (line) => {
        if (line.startsWith(start)) resolve(line);
      };
      this.#waiting.add(look);
    });
    const how = this.ended.then((code) => {
      throw new Error(`process ${this.pid} ended with ${code} before it said ${start}`);
    });
    return await Promise.race([coming, how]);
  }

  write(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  kill(signal) {
    this.#process.kill(signal);
  }

  /** Closes its standard input, on which our cells close, and resolves with the exit code. */
  async end() {
    this.#process.stdin.end();
    return await this.ended;
  }
}

/** Starts a program of node. */
export function startNode(script, args = [], options = {}) {
  return new Child(process.execPath, [script, ...args], options);
}

/** Starts a transmitter on free ports. `command` is its address; `stop` drains it, `kill` does not. */
export async function startTransmitter(...flags) {
  const child = startNode(
    thynapse,
    ["up", "--port", "0", "--json", "--log-level", "error", ...flags],
    { passOn: (line) => line !== "thynapse: draining" }, // what `stop` asks for is no news
  );
  const ready = JSON.parse(await child.line("{"));
  return {
    command: ready.command,
    async stop() {
      child.kill("SIGTERM");
      const code = await child.ended;
      if (code !== 0) throw new Error(`the transmitter ended with ${code}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await child.ended;
    },
  };
}

/** Rejects when `promise` takes longer than `ms`. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
