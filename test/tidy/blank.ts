/** What the scanner is inside of; `expression` is the `${…}` of a template, with its open braces. */
type Inside =
  | { readonly kind: "code" }
  | { readonly kind: "template" }
  | { readonly kind: "expression"; braces: number };

const beforeRegExp =
  /(?:[([{,;=:!&|?+\-*%^~<>]|\b(?:return|typeof|case|of|in|void|yield|await))\s*$/;

/**
 * Blanks comments and the inside of strings, templates and regular expressions of TypeScript.
 *
 * Length and line breaks stay as they are, and so do quotes and the code in `${…}`, so that a
 * position in the result is the same position in the text. It tells a division from a regular
 * expression by what stands before it, which is right for formatted code.
 */
export function blank(text: string): string {
  const out: string[] = text.split("").map((char) => (char === "\n" ? char : " "));
  const stack: Inside[] = [{ kind: "code" }];
  let at = 0;

  const keep = (count: number): void => {
    for (const end = at + count; at < end; at++) out[at] = text[at] ?? "";
  };

  while (at < text.length) {
    const inside = stack[stack.length - 1];
    if (inside?.kind === "template") at = stepTemplate(text, at, stack, keep);
    else if (text.startsWith("//", at)) at = endOf(text, "\n", at);
    else if (text.startsWith("/*", at)) at = endOf(text, "*/", at + 2) + 2;
    else if (text[at] === '"' || text[at] === "'") {
      const end = literalEnd(text, at, text[at] ?? "");
      keep(1);
      at = end;
      keep(1);
    } else if (
      text[at] === "/" &&
      beforeRegExp.test(out.slice(Math.max(0, at - 12), at).join(""))
    ) {
      at = regExpEnd(text, at);
    } else {
      if (text[at] === "`") stack.push({ kind: "template" });
      else if (inside?.kind === "expression") countBrace(text[at], inside, stack);
      keep(1);
    }
  }
  return out.join("");
}

function stepTemplate(
  text: string,
  at: number,
  stack: Inside[],
  keep: (count: number) => void,
): number {
  if (text[at] === "\\") return at + 2;
  if (text[at] === "`") {
    stack.pop();
    keep(1);
    return at + 1;
  }
  if (text.startsWith("${", at)) {
    stack.push({ kind: "expression", braces: 0 });
    keep(2);
    return at + 2;
  }
  return at + 1;
}

function countBrace(char: string | undefined, inside: { braces: number }, stack: Inside[]): void {
  if (char === "{") inside.braces++;
  else if (char === "}" && inside.braces-- === 0) stack.pop();
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

function literalEnd(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== "\n")
    at += text[at] === "\\" ? 2 : 1;
  return at;
}

function regExpEnd(text: string, start: number): number {
  let inClass = false;
  let at = start + 1;
  while (at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/")) {
    if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
