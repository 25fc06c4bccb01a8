import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { startProcess } from "../../support/process.js";

/** What a container of an image would run, and how it would be stopped. */
export interface Image {
  readonly base: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder that stands for the working directory. */
  readonly cwd: string;
  readonly stopSignal: string;
}

/** What the steps so far have made. */
interface Made {
  base: string;
  entrypoint: string[];
  cmd: string[];
  env: Record<string, string>;
  cwd: string;
  stopSignal: string;
}

type Step = (made: Made, text: string, context: string) => Promise<void> | void;

const steps: Readonly<Record<string, (root: string) => Step>> = {
  FROM: () => (made, text) => void (made.base = text),
  WORKDIR: (root) => (made, text) => {
    made.cwd = join(root, text);
    mkdirSync(made.cwd, { recursive: true });
  },
  COPY: () => (made, text, context) => copy(text, context, made.cwd),
  RUN: () => (made, text) => run(text, made),
  ENV: () => (made, text) => {
    const [name = "", value = ""] = text.split("=");
    made.env[name] = value;
  },
  ENTRYPOINT: () => (made, text) => void (made.entrypoint = JSON.parse(text) as string[]),
  CMD: () => (made, text) => void (made.cmd = JSON.parse(text) as string[]),
  STOPSIGNAL: () => (made, text) => void (made.stopSignal = text),
  // Nothing that could be done without an engine.
  EXPOSE: () => () => {},
  USER: () => () => {},
};

/**
 * Does, in an empty folder, what a Dockerfile says: for machines without an engine.
 *
 * @param paths the Dockerfile, the folder that it is built in, and the one that stands for `/`.
 * @throws {Error} on a step that fails, or that is not known here.
 */
export async function replay(paths: {
  readonly dockerfile: string;
  readonly context: string;
  readonly root: string;
}): Promise<Image> {
  const { dockerfile, context, root } = paths;
  const made: Made = { base: "", entrypoint: [], cmd: [], env: {}, cwd: root, stopSignal: "" };
  for (const line of readFileSync(dockerfile, "utf8").split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, word = "", text = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const step = steps[word];
    if (step === undefined) throw new Error(`a step that is not known here: ${line}`);
    await step(root)(made, text, context);
  }
  return made;
}

/** Copies the files of the context that match; the last word is the folder that they go to. */
function copy(text: string, context: string, cwd: string): void {
  const words = text.split(" ");
  const to = join(cwd, words.pop() ?? "");
  for (const word of words) {
    const fits = new RegExp(`^${word.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
    const names = readdirSync(context).filter((name) => fits.test(name));
    if (names.length === 0) throw new Error(`COPY finds no ${word}`);
    for (const name of names) cpSync(join(context, name), join(to, name), { recursive: true });
  }
}

async function run(text: string, { cwd, env }: Made): Promise<void> {
  const started = startProcess(["sh", "-c", text], { cwd, env });
  const { code } = await started.exit;
  if (code !== 0) throw new Error(`RUN ${text}\n${started.stderr.join("\n")}`);
}
