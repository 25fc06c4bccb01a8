import { usageFault } from "./fault.js";

/**
 * Splits a command as a shell would, and does nothing else that a shell does: quotes and
 * backslashes keep words together; variables, pipes and wildcards are ordinary characters.
 *
 * @throws {CliFault} of usage for a quote that is not closed, and for no word at all.
 */
export function splitWords(command: string, where: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const char = command[at]!;
    if (char === " " || char === "\t" || char === "\n") {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const quoted = char === "'" || char === '"' ? readQuoted(command, at, where) : undefined;
    if (quoted !== undefined) {
      word = (word ?? "") + quoted.text;
      at = quoted.last;
    } else if (char === "\\") {
      word = (word ?? "") + (command[++at] ?? "\\");
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) words.push(word);
  const [first, ...others] = words;
  if (first === undefined || first === "") throw usageFault(`${where}: no command`);
  return [first, ...others];
}

function readQuoted(command: string, from: number, where: string) {
  const quote = command[from];
  let text = "";
  for (let at = from + 1; at < command.length; at++) {
    const char = command[at]!;
    if (char === quote) return { text, last: at };
    const next = command[at + 1];
    if (char === "\\" && quote === '"' && (next === '"' || next === "\\")) {
      text += next;
      at++;
    } else {
      text += char;
    }
  }
  throw usageFault(`${where}: the quote at position ${from + 1} is not closed`);
}
