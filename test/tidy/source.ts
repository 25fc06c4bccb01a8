import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { blank } from "./blank.js";

/** One TypeScript file of the repository, or one made up by a test. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** As `text`, but comments and what stands between quotes are spaces. */
  readonly code: string;
}

/** One `import` or `export … from`. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** Whether the whole statement is `import type` or `export type`. */
  readonly typeOnly: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const notOurs = new Set(["node_modules", "dist", "coverage"]);

/** Reads a file of the repository; `path` is from its root. */
export function readRepositoryFile(path: string): string {
  return readFileSync(root + path, "utf8");
}

/** Reads every TypeScript file below the folders; a folder that is not there has none. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => pathsBelow(folder))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => sourceFile(path, readRepositoryFile(path)));
}

/** Reads every TypeScript file that is published: what lies in the `src` of a package. */
export function publishedFiles(): SourceFile[] {
  return sourceFiles("protocol/src", "cell-sdk/src", "transmitter/src");
}

/** Makes a source file of a text. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, code: blank(text) };
}

/** Counts lines as an editor does: the last line break begins no line. */
export function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/** Finds all imports and re-exports with a literal name, dynamic ones too. */
export function importsOf({ text, code }: SourceFile): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/(?<!\.)\b(?:from|import)\s*\(?\s*(["'])( *)\1/g)) {
    const start = match.index + match[0].length - 1 - (match[2] ?? "").length;
    found.push({
      from: text.slice(start, start + (match[2] ?? "").length),
      line: lineAt(code, match.index),
      typeOnly: isTypeOnly(code, match.index),
    });
  }
  return found;
}

/** Tells the line, counted from 1, of a position. */
export function lineAt(text: string, index: number): number {
  return lineCount(text.slice(0, index + 1));
}

/** Lists `path:line` of every match of `pattern` in the code of the files, comments left out. */
export function placesOf(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    [...file.code.matchAll(pattern)].map(
      (match) => `${file.path}:${lineAt(file.code, match.index)} has ${match[0].trim()}`,
    ),
  );
}

function isTypeOnly(code: string, index: number): boolean {
  const statement = code.slice(0, index).match(/(?:^|[;\n])\s*(import|export)\b[^;]*$/);
  return statement !== null && /^[;\s]*(?:import|export)\s+type\b/.test(statement[0]);
}

function pathsBelow(folder: string): string[] {
  try {
    return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : pathsBelow(path);
      return [path];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
