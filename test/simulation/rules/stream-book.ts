import type { EventBook } from "./books.js";
import type { CatchBook } from "./membership.js";
import { Nested } from "./nested.js";

/** An event that a catch must get, where it was armed then, and where and when that was taken. */
export interface Due {
  readonly event: EventBook;
  readonly home: string;
  readonly origin: string;
  readonly timeMs: number;
}

/** What a multicatch must get, has got, and has reported as lost. */
export interface StreamBook {
  readonly held: CatchBook;
  readonly caught: Set<string>;
  /** The highest number of each channel and sender. */
  readonly highest: Nested<number>;
  /** The number of the first event that came of each sender. */
  readonly first: Map<string, number>;
  /** Events that it must get. */
  readonly musts: Due[];
  /** Lost events that it reported, by the transmitter it was attached to. */
  readonly gaps: Map<string, number>;
  /** Transmitters that it left, of which it reported such when it was armed elsewhere. */
  readonly readOn: Set<string>;
  /** When it did so last. */
  readOnMs: number;
  /** When it reported for the first time that it lost any; `Infinity` if it never did. */
  firstGapMs: number;
  /** When it reported last that it lost nobody knows how many. */
  vagueMs: number;
  /** When it was armed last at each transmitter. */
  readonly armedMs: Map<string, number>;
  /** Where it was armed more than once. */
  readonly armedAgain: Set<string>;
}

/** The book of a catch of which nothing is known yet. */
export function streamBook(held: CatchBook): StreamBook {
  return {
    held,
    caught: new Set(),
    highest: new Nested(),
    first: new Map(),
    musts: [],
    gaps: new Map(),
    readOn: new Set(),
    readOnMs: Number.NEGATIVE_INFINITY,
    firstGapMs: Number.POSITIVE_INFINITY,
    vagueMs: Number.NEGATIVE_INFINITY,
    armedMs: new Map(),
    armedAgain: new Set(),
  };
}
