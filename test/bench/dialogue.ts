import type { Share } from "./arrivals.js";
import type { SystemName } from "./scenario.js";

/** What a role's process is told by the bench. Each is answered by one report. */
export type Instruction =
  /** Takes a seat: answered by `joined`. */
  | {
      readonly do: "join";
      readonly role: RoleName;
      readonly system: SystemName;
      readonly scenario: string;
      readonly url: string;
    }
  /** To receivers, before each round: answered by `listening`. */
  | { readonly do: "listen"; readonly count: number }
  /** To the one that drives the round: answered by `driven`, when all is confirmed or answered. */
  | { readonly do: "go"; readonly count: number }
  /** To receivers that share the events, when they have them all: answered by `received`. */
  | { readonly do: "show" }
  /** Closes the seat: answered by `left`. */
  | { readonly do: "leave" };

/** What a role's process says. All times are on the machine's clock. */
export type Report =
  | { readonly said: "joined" }
  | { readonly said: "listening" }
  | {
      readonly said: "driven";
      /** Right before the first send. */
      readonly startedMs: number;
      /** When the last confirm or answer was in. */
      readonly endedMs: number;
      /** Of each request, where they are asked for. */
      readonly latenciesMs?: Float64Array;
    }
  /** Unasked, now and then: events received in this round. */
  | { readonly said: "progress"; readonly count: number }
  /** Unasked where each receiver gets each event: the round is complete. */
  | { readonly said: "received"; readonly share: Share }
  | { readonly said: "left" }
  /** Unasked: the run is worthless. */
  | { readonly said: "failed"; readonly why: string };

/** The parts that a process can play. */
export type RoleName = "sender" | "receiver" | "asker" | "answerer";

/** A report of one kind. */
export type ReportOf<Said extends Report["said"]> = Extract<Report, { readonly said: Said }>;
