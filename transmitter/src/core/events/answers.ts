import type { CellRecord } from "../cells/cells.js";
import type { Effect } from "../effects.js";
import type { Replier } from "./ask-book.js";
import { writeReply } from "../cells/reply.js";

type Fields = Readonly<Record<string, unknown>>;

interface Gathered {
  readonly list: Fields[];
  bytes: number;
}

const answersMax = 128;
const bodyBytesMax = 64 * 1024;
/** What a cell that is named counts of that: it takes two keys of the 10 000 of a command. */
const cellBytes = 128;
/** Cells that are named in one piece. */
const namedMax = 4096;

/** A list in pieces of as many cells as one value may name; an empty one is one piece. */
export function partsOf(cells: readonly Replier[]): readonly (readonly Replier[])[] {
  const parts = [cells.slice(0, namedMax)];
  for (let at = namedMax; at < cells.length; at += namedMax) {
    parts.push(cells.slice(at, at + namedMax));
  }
  return parts;
}

/**
 * What askers are told: in `J` at once, in `M` gathered for a turn, then one command for many
 * answers.
 *
 * @see PROTOCOL.md §12.6
 */
export class Answers {
  private readonly gathered = new Map<CellRecord, Gathered>();
  private readonly effects: () => Effect[];

  constructor(effects: () => Effect[]) {
    this.effects = effects;
  }

  /** @param bodyBytes what the body takes; that and the cells in it bound the command. */
  add(cell: CellRecord, fields: Fields, bodyBytes: number): void {
    if (cell.encoding === "J") return this.send(cell, fields);
    const named = fields["cells"] as readonly Replier[] | undefined;
    const bytes = bodyBytes + cellBytes * (named?.length ?? 0);
    let gathered = this.gathered.get(cell);
    if (gathered !== undefined && gathered.bytes + bytes > bodyBytesMax) {
      this.flushOf(cell, gathered);
      gathered = undefined;
    }
    if (gathered === undefined) {
      gathered = { list: [], bytes: 0 };
      this.gathered.set(cell, gathered);
    }
    gathered.list.push(fields);
    gathered.bytes += bytes;
    if (gathered.list.length === answersMax) this.flushOf(cell, gathered);
  }

  /** Tells what the turn has brought. @throws what one could not be told, when all others are. */
  flush(): void {
    const defects: unknown[] = [];
    for (const [cell, gathered] of this.gathered) {
      try {
        this.flushOf(cell, gathered);
      } catch (thrown) {
        defects.push(thrown);
      }
    }
    if (defects.length > 0) throw defects[0];
  }

  private flushOf(cell: CellRecord, { list }: Gathered): void {
    this.gathered.delete(cell);
    this.send(cell, list.length === 1 ? (list[0] as Fields) : { answers: list });
  }

  private send(cell: CellRecord, fields: Fields): void {
    const part = writeReply(cell.encoding, "ANSR", fields);
    this.effects().push({ kind: "send", connection: cell.connection, part });
  }
}
