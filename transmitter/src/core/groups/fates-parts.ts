import type { Settlement } from "@thynapse/protocol";
import type { Asks } from "../events/asks.js";
import type { CellRecord } from "../cells/cells.js";
import type { Counters } from "../counters.js";
import type { DeadLetter, DeadLetters } from "./dead-letters.js";
import type { Deadlines } from "../deadlines.js";
import type { Effect, Random } from "../effects.js";
import type { Group } from "./group.js";
import type { Holder } from "./holder.js";
import type { Span } from "./ledger.js";
import type { Member } from "./member.js";
import type { PassedSettlement } from "../sites/site-words.js";
import type { Traces } from "../requests/traces.js";

/** What the fates of deliveries need of the transmitter around them. */
export interface FatesParts {
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  readonly asks: Asks;
  readonly counters: Counters;
  readonly traces: Traces;
  readonly random: Random;
  readonly wallMs: () => number;
  readonly effects: () => Effect[];
  readonly onDead: (letter: DeadLetter, number: number) => void;
  /** Tells another transmitter what became of a delivery of its. */
  readonly passBack: (group: Group, span: Span, by: Member, fate: PassedFate) => void;
  /** Tells other homes of a sender that have asked that something is settled. */
  readonly tellAskers: (group: Group, span: Span) => void;
}

/** What became of deliveries of another origin, and who is told when the outputs are handled. */
export interface PassedFate extends Omit<PassedSettlement, "first" | "count" | "attempt"> {
  readonly onDone?: ((isTaken: boolean) => void) | undefined;
}

/** How a cell settles deliveries: of which origin, and who is told when the outputs are handled. */
export interface Settling {
  readonly origin: string;
  readonly nowMs: number;
  readonly onDone?: ((isTaken: boolean) => void) | undefined;
}

/** The cell that settles a delivery, and through whom it got it. */
export interface Settler extends Pick<CellRecord, "id" | "service"> {
  readonly holder: Holder;
}

/** A settlement, and whose. */
export interface Verdict {
  readonly by: Settler;
  readonly settlement: Pick<PassedSettlement, "reason" | "result"> & Pick<Settlement, "outcome">;
  readonly nowMs: number;
}
