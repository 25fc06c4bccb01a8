import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { LogRecord } from "../../simulation/log.js";
import { freePort } from "../../support/free-port.js";
import { roleScript } from "../../support/roles.js";
import { sharedClockMs } from "../../support/run-log.js";
import { bin } from "../thynapse.js";
import { loopback, type Place } from "./place.js";

/** How a transmitter is started. */
export interface Terms {
  readonly flags?: readonly string[];
  /** Flags of node itself. With `--expose-gc` among them it can be asked for `liveMb`. */
  readonly nodeFlags?: readonly string[];
  /** How many files it may have open; default as many as this process. */
  readonly filesMax?: number;
  /** Variables added to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly place?: Place;
  /** The `thynapse` command of the first start; default that of this build. */
  readonly bin?: string;
  /** Of the command and the event socket, where no others can have them; default free ones. */
  readonly ports?: readonly [number, number];
}

interface Ready {
  readonly id: string;
  readonly command: string;
  readonly pub: string;
  readonly pid: number;
}

/** Logs a record, of this moment by default. */
export type Write = (entry: Omit<LogRecord, "timeMs">, timeMs?: number) => void;

/** One transmitter: a process that comes and goes at an address which stays. What befalls it is logged. */
export class FaultTransmitter {
  /** From the start of the process to its ready line, of the last start. */
  readyMs = 0;
  /** The `thynapse` command of the next start; default that of this build. */
  bin: string | undefined;
  private readonly terms: Terms;
  private readonly write: Write;
  private child: ChildProcess | undefined;
  private ready: Ready = { id: "", command: "", pub: "", pid: -1 };

  constructor(terms: Terms, write: Write) {
    this.terms = terms;
    this.write = write;
    this.bin = terms.bin;
  }

  /** Its command address, the same for all its starts; empty before the first. */
  get command(): string {
    return this.ready.command;
  }

  get pub(): string {
    return this.ready.pub;
  }

  /** Drawn anew at each start. */
  get id(): string {
    return this.ready.id;
  }

  get pid(): number {
    return this.ready.pid;
  }

  get host(): string {
    return this.place.host;
  }

  get isRunning(): boolean {
    return this.child !== undefined && isAlive(this.child);
  }

  /** Starts it, on free ports or on those that it had; resolves when it is ready. */
  async start(links: readonly string[] = []): Promise<void> {
    const beganMs = sharedClockMs();
    const { ports = [await freePort(), await freePort()] } = this.terms;
    const [port, pubPort] = [this.command, this.pub].map(
      (address, at) => address.split(":").at(-1) || String(ports[at]),
    ) as [string, string];
    const linked = links.flatMap((address) => ["--link", address]);
    this.child = await this.spawn(["--port", port, "--pub-port", pubPort, ...linked]);
    const lines = createInterface({ input: this.child.stdout! });
    const [line] = (await Promise.race([
      once(lines, "line"),
      once(this.child, "exit").then(() => Promise.reject(new Error("the transmitter has ended"))),
    ])) as [string];
    this.readyMs = sharedClockMs() - beganMs;
    this.ready = JSON.parse(line) as Ready;
    this.write({ id: "", cell: "", action: "started", home: this.id }, beganMs);
  }

  /** Kills it with SIGKILL, and resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.write({ id: "", cell: "", action: "crashed", home: this.id });
    this.child!.kill("SIGKILL");
    await once(this.child!, "exit");
  }

  /** Has it drain, and resolves with its exit code when it is gone. */
  async drain(): Promise<number | null> {
    this.write({ id: "", cell: "", action: "fault", home: this.id });
    this.child!.kill("SIGTERM");
    await once(this.child!, "exit");
    const { exitCode } = this.child!;
    if (exitCode === 0) this.write({ id: "", cell: "", action: "drained", home: this.id });
    this.write({ id: "", cell: "", action: "crashed", home: this.id });
    return exitCode;
  }

  /** Stops its process for that long: the length of a fault. */
  async freeze(ms: number): Promise<void> {
    this.write({ id: "", cell: "", action: "fault", home: this.id, count: ms });
    this.child!.kill("SIGSTOP");
    await delay(ms);
    this.child!.kill("SIGCONT");
  }

  /** Resolves with its exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    if (this.isRunning) await once(this.child!, "exit");
    return this.child!.exitCode;
  }

  /** What lives in its memory after a collection, in MB. */
  async liveMb(): Promise<number> {
    const answer = once(this.child!, "message") as Promise<[number]>;
    this.child!.send("collect");
    return (await answer)[0];
  }

  private get place(): Place {
    return this.terms.place ?? loopback;
  }

  private async spawn(given: readonly string[]): Promise<ChildProcess> {
    const { flags = [], nodeFlags = [], filesMax, env = {} } = this.terms;
    const { enter, host } = this.place;
    const limit = filesMax === undefined ? "" : `ulimit -n ${filesMax};`;
    const isWatched = nodeFlags.includes("--expose-gc");
    const preloads = isWatched
      ? ["--import", await roleScript("mesh/faults/roles/collecting")]
      : [];
    const node = [process.execPath, ...nodeFlags, ...preloads, this.bin ?? bin];
    const bind = host === loopback.host ? [] : ["--bind", host, "--insecure"];
    const verb = ["up", "--json", "--log-level", "silent", ...bind, ...given, ...flags];
    const [file = "", ...argv] = [
      ...enter,
      "sh",
      "-c",
      `${limit} exec "$0" "$@"`,
      ...node,
      ...verb,
    ];
    return spawn(file, argv, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit", ...(isWatched ? ["ipc" as const] : [])],
    }) as ChildProcessByStdio<null, Readable, null>;
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
