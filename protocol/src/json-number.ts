/**
 * A number of a JSON text that no double has as it is written there: of too many digits, too large
 * or too small. It is passed on as it is. @see PROTOCOL.md §3.7
 */
export class JsonNumber {
  /** Says what stands for a literal in the text that is written now, until that has its place. */
  static writer: ((literal: string) => string) | undefined;
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }

  /** For anybody who does not write exactly: the nearest double. */
  toJSON(): unknown {
    return JsonNumber.writer?.(this.literal) ?? Number(this.literal);
  }
}
