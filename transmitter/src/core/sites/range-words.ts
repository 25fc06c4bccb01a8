import { type FieldMap, intField, MeshError, type SeqRange, type Thid } from "@thynapse/protocol";
import type { HomeQuestion } from "./home-answer.js";
import type { Repeated } from "./seeks.js";
import {
  groupFields,
  type GroupName,
  rangeRows,
  readRangeRows,
  readSession,
  writeSiteWord,
} from "./site-words.js";

/** Ranges of one kind in one word: some hundred kilobytes. */
const rangesMax = 4096;

/** What a transmitter, or one of its cells, knows of events of a group. */
export interface Saying {
  readonly held: readonly SeqRange[];
  readonly settled: readonly SeqRange[];
  readonly free?: readonly SeqRange[];
  /** The cell that holds them. */
  readonly cell?: Thid;
  /** Whether that adds to what the cell was said to hold before. */
  readonly isMore?: boolean;
  /** The sender that was asked about. */
  readonly sender?: Thid;
  /** Whether the question is answered by that. */
  readonly isAnswer?: boolean;
}

/** `CLAM`: one word, or several where there is much to say; the last one is the answer, if any. */
export function claimWords(group: GroupName, saying: Saying): Buffer[] {
  const { held, settled, free = [], cell, sender, isMore = false, isAnswer = false } = saying;
  const length = Math.max(1, held.length, settled.length, free.length);
  return cuts(length).map((at) => {
    const piece = (ranges: readonly SeqRange[]): unknown[] => {
      return rangeRows(ranges.slice(at, at + rangesMax));
    };
    return writeSiteWord("CLAM", {
      ...groupFields(group),
      cell,
      more: (cell !== undefined && (isMore || at > 0)) || undefined,
      sender,
      answer: (isAnswer && at + rangesMax >= length) || undefined,
      ...{ held: piece(held), settled: piece(settled), free: piece(free) },
    });
  });
}

/** `CLAM`: what is settled of a group, and what each cell holds of it: all of it, or more. */
export function holdingWords(
  group: GroupName,
  settled: readonly SeqRange[],
  byCell: Iterable<readonly [cell: Thid, held: readonly SeqRange[]]>,
  isMore = false,
): Buffer[] {
  const words = settled.length === 0 ? [] : claimWords(group, { held: [], settled });
  for (const [cell, held] of byCell) {
    words.push(...claimWords(group, { cell, held, settled: [], isMore }));
  }
  return words;
}

/** `SEEK`: one word, or several where much is repeated; each of them is answered. */
export function seekWords(group: GroupName, { session, since = 0, ranges }: Repeated): Buffer[] {
  return cuts(ranges.length).map((at) => {
    const piece = rangeRows(ranges.slice(at, at + rangesMax));
    return writeSiteWord("SEEK", { ...groupFields(group), session, since, ranges: piece });
  });
}

/** What a `SEEK` asks. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, `TOO_LARGE` */
export function readQuestion(map: FieldMap): HomeQuestion {
  const ranges = readRangeRows(map, "ranges");
  if (ranges.some(({ sender }) => sender !== ranges[0]?.sender)) {
    throw new MeshError("BAD_PAYLOAD", "a question is about one sender");
  }
  return { session: readSession(map), since: intField(map, "since", { fallback: 0 }), ranges };
}

/** Where the words for so many ranges begin. */
function cuts(length: number): number[] {
  return Array.from({ length: Math.ceil(length / rangesMax) }, (_, at) => at * rangesMax);
}
