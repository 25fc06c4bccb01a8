import type { InProcessTransmitter } from "@thynapse/cell-sdk";
import type { Mailbox } from "../mailbox.js";

/** A transmitter as cells find it: by its address, or in this process. */
export interface Home {
  readonly address: string;
  readonly inProcess: InProcessTransmitter;
}

/** One implementation of a cell, and how it is reached. */
export interface CellDriver {
  readonly name: string;
  /** Begins a cell, which tries these transmitters in turn; resolves with its first welcome. */
  begin(homes: readonly Home[], options?: CellOptions): Promise<CellUnderTest>;
}

/** Who a cell is. */
export interface CellOptions {
  readonly service?: string;
  readonly id?: string;
  /** Transmitters that it is not told of at the beginning, but can reach when it learns of them. */
  readonly neighbours?: readonly Home[];
}

/** A cell, driven by a case. What its handlers do is scripted; what happens to it comes as mail. */
export interface CellUnderTest {
  readonly id: string;
  readonly service: string;
  /** Each welcome, as soon as the cell has it. */
  readonly welcomes: Mailbox<{ readonly transmitter: string }>;
  /** Patterns of catches that are armed, once for each attachment. */
  readonly armed: Mailbox<{ readonly pattern: string }>;
  /** What handlers were given, when they began. */
  readonly handled: Mailbox<Handled>;
  readonly gaps: Mailbox<{ readonly pattern: string; readonly count: number | undefined }>;
  /** How the cell ended; nothing while it lives. */
  readonly ends: Mailbox<{ readonly why: string }>;

  /** Catches in mode multi; `reply` is what its handler replies to gathers. */
  multicatch(pattern: string, reply?: Reply): Promise<void>;
  /** Catches in mode any; the first event gets the first behaviour and so on, the last one goes for all the rest. */
  anycatch(pattern: string, wish?: AnycatchWish, ...behaviours: Behaviour[]): Promise<void>;
  /** Settles what the behaviour `hold` holds. */
  settle(pattern: string, seq: number, behaviour: Behaviour): Promise<void>;
  /** Ends a catch. */
  release(pattern: string, mode: "any" | "multi"): Promise<void>;
  /** Sends, and resolves with what became of it; a refusal is an outcome too. */
  send(event: EventToSend, until?: "accepted" | "handled"): Promise<Sent>;
  /** Asks one cell of each service. */
  ask(event: EventToSend, ask: AskTerms): Promise<Answer>;
  /** Asks all cells that listen. */
  gather(event: EventToSend, timeoutMs: number): Promise<Gathered>;
  /** Says farewell and ends. */
  close(): Promise<void>;
  /** Ends without a word: a killed process, or where there is none, a cut transport. */
  kill(): Promise<void>;
}

/** An event as a case sends it. */
export interface EventToSend {
  readonly channel: string;
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly ttlMs?: number;
  readonly id?: string;
}

/** What a handler was given. */
export interface Handled {
  readonly pattern: string;
  readonly mode: "any" | "multi";
  readonly channel: string;
  readonly data: unknown;
  readonly from: { readonly id: string; readonly service: string };
  readonly sender: string;
  readonly seq: number;
  readonly attempt?: number;
  readonly repeat?: boolean;
  readonly headers?: unknown;
  readonly key?: unknown;
}

/** Options of an anycatch. */
export interface AnycatchWish {
  readonly concurrency?: number;
  readonly credit?: number;
  readonly redeliver?: boolean;
  readonly affinity?: boolean;
  readonly attemptsMax?: number;
  readonly ackTimeoutMs?: number;
}

/** What a handler does with one event. */
export interface Behaviour {
  /** `hold`: nothing, until `settle` says what. */
  readonly outcome: "ack" | "nack" | "release" | "reject" | "hold";
  readonly reason?: string;
  /** What an ack answers to an ask. */
  readonly result?: unknown;
  /** What is replied before that, one by one. */
  readonly parts?: readonly unknown[];
  /** Events that go out with the ack. */
  readonly outputs?: readonly EventToSend[];
  /** How often the handler says that it goes on working, while it holds. */
  readonly progressMs?: number;
}

/** What the handler of a multicatch replies to a gather. */
export type Reply = { readonly data: unknown } | { readonly failure: string };

/** What became of an event. */
export interface Sent {
  readonly seq: number;
  readonly state: "accepted" | "handled" | "refused";
  readonly matched?: number;
  readonly code?: string;
}

/** How an asker wants to be answered. */
export interface AskTerms {
  readonly timeoutMs: number;
  readonly retry?: boolean;
  readonly parts?: boolean;
}

/** The answer to an ask: its result, or the code of its error. */
export interface Answer {
  /** With `parts`: those of the last attempt, then the result if there is one. */
  readonly parts?: readonly unknown[];
  readonly data?: unknown;
  readonly code?: string;
}

/** The answers to a gather. */
export interface Gathered {
  readonly replies: readonly { readonly from: string; readonly data: unknown }[];
  readonly failed: readonly string[];
  readonly missing: readonly string[];
}
