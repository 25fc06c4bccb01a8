import type { CellRecord } from "../cells/cells.js";
import type { Effect } from "../effects.js";
import { writeReply } from "../cells/reply.js";

type Fields = Readonly<Record<string, unknown>>;

interface Gathered {
  readonly list: Fields[];
  bytes: number;
}

const answersMax = 128;
const bodyBytesMax = 64 * 1024;

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

  /** @param bodyBytes what the body takes; its size bounds the command. */
  add(cell: CellRecord, fields: Fields, bodyBytes: number): void {
    if (cell.encoding === "J") return this.send(cell, fields);
    let gathered = this.gathered.get(cell);
    if (gathered !== undefined && gathered.bytes + bodyBytes > bodyBytesMax) {
      this.flushOf(cell, gathered);
      gathered = undefined;
    }
    if (gathered === undefined) {
      gathered = { list: [], bytes: 0 };
      this.gathered.set(cell, gathered);
    }
    gathered.list.push(fields);
    gathered.bytes += bodyBytes;
    if (gathered.list.length === answersMax) this.flushOf(cell, gathered);
  }

  /** Tells what the turn has brought. */
  flush(): void {
    for (const [cell, gathered] of this.gathered) this.flushOf(cell, gathered);
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
