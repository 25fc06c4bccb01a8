import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { Stranger } from "./stranger.js";

const binary = fileURLToPath(new URL("../../../transmitter/bin/thynapse.js", import.meta.url));

/** A transmitter in a process of its own, at which strangers throw what they like. */
export class Subject {
  readonly id: string;
  readonly command: string;
  readonly pub: string;
  readonly pid: number;
  /** Lines of its log. */
  readonly log: readonly string[];
  private readonly child: ChildProcess;

  constructor(child: ChildProcess, ready: Record<string, unknown>, log: readonly string[]) {
    this.child = child;
    this.id = String(ready["id"]);
    this.command = String(ready["command"]);
    this.pub = String(ready["pub"]);
    this.pid = Number(ready["pid"]);
    this.log = log;
  }

  /** Whether the process runs still. */
  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Lines of the log that hold the text. */
  logged(text: string): string[] {
    return this.log.filter((line) => line.includes(text));
  }

  /** Its counters, as it tells them to a cell. */
  metrics(): Promise<Record<string, number>> {
    return this.ask("$mesh.metrics") as Promise<Record<string, number>>;
  }

  /** What it answers to a request, asked by a cell that comes and goes. */
  async ask(channel: string): Promise<unknown> {
    const cell = await Stranger.cell(this);
    try {
      return await cell.ask(channel);
    } finally {
      await cell.leave();
    }
  }

  /** Says that it lives, has found no defect in itself, and serves a cell that comes anew. */
  async expectUnharmed(): Promise<void> {
    expect(this.alive, this.log.slice(-3).join("\n")).to.equal(true);
    expect(await this.metrics()).to.include({ internalErrors: 0 });
    expect(this.logged('"level":50')).to.deep.equal([]);
    const cell = await Stranger.cell(this);
    await cell.expectServed();
    await cell.leave();
  }

  /** Ends the process and waits for its end. */
  async end(): Promise<void> {
    if (!this.alive) return;
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

/** Starts a transmitter; resolves when cells are welcome. */
export async function startSubject(
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): Promise<Subject> {
  const args = [...nodeFlags, binary, "up", "--port", "0", "--json", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(() => [undefined]);
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string | undefined];
  if (line === undefined) throw new Error(`the transmitter did not start: ${log.join("\n")}`);
  return new Subject(child, JSON.parse(line) as Record<string, unknown>, log);
}

/** One transmitter for all tests of a `describe`; each test leaves it as it found it. */
export function sharedSubject(
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): () => Subject {
  let subject: Subject | undefined;
  before(async () => {
    subject = await startSubject(flags, nodeFlags);
  });
  after(() => subject?.end());
  return () => {
    if (subject === undefined) throw new Error("asked for before it has started");
    return subject;
  };
}
