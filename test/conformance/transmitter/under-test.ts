import { fileURLToPath } from "node:url";

import { type Child, startChild } from "../children.js";

/** A transmitter in a process of its own: what these cases speak to. */
export interface TransmitterUnderTest {
  readonly id: string;
  readonly command: string;
  readonly pub: string;
  readonly pid: number;
  /** Ends it, by SIGKILL unless another signal is given, and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

const binary = fileURLToPath(new URL("../../../transmitter/bin/thynapse.js", import.meta.url));
const startMs = 15_000;

/** Starts a transmitter, by default on free ports, and resolves when it says that it is ready. */
export async function startUnderTest(...flags: string[]): Promise<TransmitterUnderTest> {
  const ports = flags.includes("--port") ? [] : ["--port", "0"];
  let child: Child | undefined;
  const line = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => {
      reject(new Error(`the transmitter ${why}: ${child?.errors.join("\n") ?? ""}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${startMs} ms`), startMs);
    child = startChild([process.execPath, binary, "up", ...ports, "--json", ...flags], (text) => {
      clearTimeout(timer);
      if (text === undefined) fail("ended");
      else resolve(text);
    });
  });
  const { ready, ...rest } = JSON.parse(line) as TransmitterUnderTest & { ready: boolean };
  if (!ready) throw new Error(`the transmitter is not ready: ${line}`);
  return { ...rest, end: (signal) => (child as Child).kill(signal) };
}

/** The transmitter that all cases of a `describe` share; each uses names of its own. */
export function sharedTransmitter(...flags: string[]): TransmitterUnderTest {
  let started: TransmitterUnderTest | undefined;
  before(async () => {
    started = await startUnderTest(...flags);
  });
  after(() => started?.end());
  const running = (): TransmitterUnderTest => {
    if (started === undefined) throw new Error("the transmitter is not started yet");
    return started;
  };
  return {
    get id() {
      return running().id;
    },
    get command() {
      return running().command;
    },
    get pub() {
      return running().pub;
    },
    get pid() {
      return running().pid;
    },
    end: (signal) => running().end(signal),
  };
}
