/** A line of a tree, and what hangs below it. */
export interface Branch {
  readonly text: string;
  readonly branches?: readonly Branch[];
}

/** Draws a tree, a line each. */
export function treeLines({ text, branches = [] }: Branch): string[] {
  const lines = [text];
  for (const [at, branch] of branches.entries()) {
    const last = at === branches.length - 1;
    const [first = "", ...below] = treeLines(branch);
    lines.push(`${last ? "└─ " : "├─ "}${first}`);
    for (const line of below) lines.push(`${last ? "   " : "│  "}${line}`);
  }
  return lines;
}
