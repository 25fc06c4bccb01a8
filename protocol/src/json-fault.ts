/** The first fault of a text that is not JSON. */
export interface JsonFault {
  readonly what: string;
  /** Index into the text. */
  readonly at: number;
  readonly hint?: string;
}

/**
 * Finds the first fault in a text that `JSON.parse` has refused, and says it in the same words on
 * every engine.
 *
 * Slow path: only a text that is refused comes here. Its depth has been checked, so recursion is
 * bounded. Returns undefined for JSON.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new JsonScanner(text);
  try {
    scanner.value();
    scanner.finish();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Stop) return thrown.fault;
    throw thrown;
  }
}

class Stop {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    this.fault = fault;
  }
}

const numberEnds = ",]} \t\n\r";

class JsonScanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(): void {
    this.space();
    const char = this.text[this.at];
    if (char === "{") this.object();
    else if (char === "[") this.array();
    else if (char === '"') this.string();
    else if (char !== undefined && "-0123456789".includes(char)) this.number();
    else if (!this.word()) this.fail();
  }

  finish(): void {
    this.space();
    if (this.at < this.text.length) this.fail();
  }

  private object(): void {
    this.at++;
    this.space();
    if (this.take("}")) return;
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail("use double quotes around keys");
      this.string();
      this.space();
      if (!this.take(":")) this.fail();
      this.value();
      if (this.endOfItem("}")) return;
    }
  }

  private array(): void {
    this.at++;
    this.space();
    if (this.take("]")) return;
    do this.value();
    while (!this.endOfItem("]"));
  }

  /** Takes a comma and returns false, or takes the closing bracket and returns true. */
  private endOfItem(close: string): boolean {
    this.space();
    if (this.take(close)) return true;
    const commaAt = this.at;
    if (!this.take(",")) this.fail();
    this.space();
    if (this.text[this.at] === close) throw new Stop({ what: "trailing comma", at: commaAt });
    return false;
  }

  private string(): void {
    this.at++;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || char < " ") this.fail();
      this.at++;
      if (char === '"') return;
      if (char === "\\") this.escape();
    }
  }

  private escape(): void {
    const char = this.text[this.at];
    if (char === undefined || !'"\\/bfnrtu'.includes(char)) this.fail();
    this.at++;
    if (char !== "u") return;
    for (let i = 0; i < 4; i++) {
      const digit = this.text[this.at];
      if (digit === undefined || !"0123456789abcdefABCDEF".includes(digit)) this.fail();
      this.at++;
    }
  }

  private number(): void {
    this.take("-");
    if (!this.take("0")) this.digits();
    if (this.take(".")) this.digits();
    if (this.take("e") || this.take("E")) {
      if (!this.take("+")) this.take("-");
      this.digits();
    }
    const next = this.text[this.at];
    if (next !== undefined && !numberEnds.includes(next)) this.fail();
  }

  private digits(): void {
    const start = this.at;
    while (this.at < this.text.length && "0123456789".includes(this.text[this.at]!)) this.at++;
    if (this.at === start) this.fail();
  }

  private word(): boolean {
    for (const word of ["true", "false", "null"]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return true;
      }
      // A word that is cut off ends early, which says more than its first letter would.
      const rest = this.text.slice(this.at);
      if (rest.length > 0 && rest.length < word.length && word.startsWith(rest)) {
        this.at = this.text.length;
        this.fail();
      }
    }
    return false;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at]!)) this.at++;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private fail(advice?: string): never {
    const { at } = this;
    const char = this.text[at];
    if (char === undefined) throw new Stop({ what: "JSON ends early", at });
    const what = char === "'" ? "unexpected '" : `unexpected ${nameChar(char)}`;
    const habit = habits.find(([start]) => this.text.startsWith(start, at))?.[1];
    const hint = habit ?? (/\w/.test(char) ? advice : undefined);
    throw new Stop(hint === undefined ? { what, at } : { what, at, hint });
  }
}

/** What other notations allow, and how JSON says it. */
const habits: readonly (readonly [start: string, hint: string])[] = [
  ["'", "use double quotes"],
  ["`", "use double quotes"],
  ["/", "JSON has no comments"],
  ["#", "JSON has no comments"],
  ["NaN", "JSON has no such number; send null"],
  ["Infinity", "JSON has no such number; send null"],
  ["undefined", "JSON has no undefined; leave the field out"],
  ["None", "write null"],
  ["True", "write true"],
  ["False", "write false"],
];

function nameChar(char: string): string {
  const code = char.charCodeAt(0);
  if (code > 0x20 && code < 0x7f) return `'${char}'`;
  if (code === 0x20) return "space";
  const digits = code.toString(16);
  return code < 0x80 ? `byte 0x${digits.padStart(2, "0")}` : `U+${digits.padStart(4, "0")}`;
}
