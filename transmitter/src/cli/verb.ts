import type { ExitCode } from "./fault.js";
import type { Flags } from "./flags.js";
import type { Interrupts } from "./interrupts.js";
import type { Output } from "./output.js";
import type { Resolved, Usage } from "./resolve.js";

/** What a verb works with. */
export interface Invocation<F extends Flags = Flags> extends Resolved<F> {
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly err: Output;
  readonly interrupts: Interrupts;
}

/** One verb of the command line: how it is written, and what it does. */
export interface Verb<F extends Flags = Flags> extends Usage<F> {
  /** What stands below the flags in the help. */
  readonly notes?: string;
  /** What the first argument may be, where it is one of few words. */
  readonly words?: readonly string[];
  /** Command lines to copy, without the leading `thynapse`. */
  readonly examples: readonly string[];
  /**
   * Does it, and resolves with what the process ends with.
   *
   * All that was given is checked before a socket opens. Whatever it throws becomes one line on
   * standard error.
   */
  run(invocation: Invocation<F>): Promise<ExitCode>;
}

/** Declares a verb; the types of its flags become the types of its values. */
export function defineVerb<F extends Flags>(verb: Verb<F>): Verb {
  return verb as unknown as Verb;
}
