/** One row of a table: the cells by the heading of their column. */
export type Row = Readonly<Record<string, string>>;

/**
 * Reads the section of a Markdown page whose heading ends with `title`, up to the next heading of
 * its own depth or above.
 *
 * @throws if the page has no such section, or more than one.
 */
export function sectionOf(page: string, title: string): string {
  const headings = [...page.matchAll(/^(#+) (.*)$/gm)];
  const found = headings.filter(([, , text]) => text?.replace(/^[\d.]+ /, "") === title);
  const [start] = found;
  if (start === undefined || found.length > 1) {
    throw new Error(`${found.length} sections are called "${title}"`);
  }
  const end = headings.find(
    ({ index, 1: depth = "" }) => index > start.index && depth.length <= (start[1] ?? "").length,
  );
  return page.slice(start.index, end?.index);
}

/**
 * Reads all tables of a Markdown text. Backquotes around a whole cell are left out; `\|` is a bar.
 */
export function tablesOf(text: string): Row[][] {
  const blocks = text.match(/(?:^\|.*\|[ \t]*(?:\n|$))+/gm) ?? [];
  return blocks.map((block) => {
    const [head = [], , ...body] = block.trim().split("\n").map(cellsOf);
    return body.map((cells) => Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ""])));
  });
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) =>
      cell
        .trim()
        .replaceAll("\\|", "|")
        .replace(/^`([^`]*)`$/, "$1"),
    );
}
