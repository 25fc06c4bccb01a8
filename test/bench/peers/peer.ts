import { startProcess, type StartedProcess } from "../../support/process.js";
import type { Arrivals } from "../arrivals.js";
import type { RoleName } from "../dialogue.js";
import type { Load } from "../load.js";
import type { FlowScenario, Scenario, SystemName } from "../scenario.js";

/** The process in the middle, through which everything goes; or two of them, linked. */
export interface Hub {
  readonly pid: number;
  /** Where whoever drives is seated. */
  readonly url: string;
  /** Where the others are: the same, unless there are two. */
  readonly farUrl: string;
  stop(): Promise<void>;
}

/** One process's place in a system: what the role that it plays does there. */
export interface Seat {
  /** Sends numbers 0 … count − 1 and resolves when the last is confirmed. */
  send(scenario: FlowScenario, load: Load, count: number): Promise<void>;
  /** Resolves when nothing that is sent from now on is missed. */
  receive(scenario: FlowScenario, arrivals: Arrivals): Promise<void>;
  /** Answers every request on `channel` with the bytes that it brought. */
  answer(channel: string): Promise<void>;
  ask(channel: string, body: Buffer): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A system under measurement. */
export interface Peer {
  readonly name: SystemName;
  startHub(terms: { readonly isLinked: boolean }): Promise<Hub>;
  join(url: string, who: { readonly role: RoleName; readonly scenario: Scenario }): Promise<Seat>;
}

/** How long a hub may take to start, and a request to be answered. */
export const PATIENCE_MS = 10_000;

/** What to start as a hub, and how to know that it is ready. */
interface HubCommand {
  readonly argv: readonly [string, ...string[]];
  readonly ready: RegExp;
  /** How to install the program if it is not there. */
  readonly hint: string;
  /** The address to connect to, from the line that said ready. */
  url(line: RegExpExecArray): string;
}

/** Starts a hub and waits until it says that it is ready. */
export async function startHub(command: HubCommand): Promise<Hub> {
  const started = startProcess(command.argv);
  try {
    const line = await started.waitForLine(command.ready, { withinMs: PATIENCE_MS });
    const url = command.url(line);
    return { pid: started.pid, url, farUrl: url, stop: () => stop(started) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new Error(`${command.argv[0]} is not installed: ${command.hint}`, { cause: error });
    }
    await stop(started);
    throw error;
  }
}

/** Makes one hub of two that are linked; if the second one does not start, the first is stopped. */
export async function startPair(near: Hub, startFar: () => Promise<Hub>): Promise<Hub> {
  const far = await startFar().catch(async (error: unknown) => {
    await near.stop();
    throw error;
  });
  const stopBoth = async (): Promise<void> => {
    await Promise.all([near.stop(), far.stop()]);
  };
  return { pid: near.pid, url: near.url, farUrl: far.url, stop: stopBoth };
}

async function stop(started: StartedProcess): Promise<void> {
  const last = setTimeout(() => started.kill("SIGKILL"), 2_000);
  started.kill("SIGTERM");
  await started.exit;
  clearTimeout(last);
}
