import { expect } from "chai";

import { lineAt, publishedFiles, sourceFile, type SourceFile } from "./source.js";

const exported =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|interface|type)\s+(\w+)/gm;

describe("tidy: docs", () => {
  it("every exported name of the published sources has a doc", () => {
    expect(withoutDoc(publishedFiles())).to.deep.equal([]);
  });

  it("refuse an exported name with no comment, or with one that is no doc", () => {
    expect(withoutDoc([sourceFile("a.ts", "export const a = 1;")])).to.have.length(1);
    expect(withoutDoc([sourceFile("a.ts", "/* a */\nexport const a = 1;")])).to.have.length(1);
    expect(withoutDoc([sourceFile("a.ts", "// a\nexport type A = 1;")])).to.have.length(1);
    expect(withoutDoc([sourceFile("a.ts", "/** A */\nb;\nexport type A = 1;")])).to.have.length(1);
  });

  it("allow a doc of one line or of many, and one doc for the overloads of a function", () => {
    const text = [
      "/** Adds. */",
      "export function add(a: number): number;",
      "export function add(a: string): string;",
      "export function add(a: unknown): unknown {",
      "  return a;",
      "}",
      "/**",
      " * What is added.",
      " */",
      "export interface Sum {}",
    ].join("\n");

    expect(withoutDoc([sourceFile("a.ts", text)])).to.deep.equal([]);
  });
});

function withoutDoc(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const documented = new Set<string>();
    return [...file.code.matchAll(exported)].flatMap(({ 1: name = "", index }) => {
      if (documented.has(name) || endsWithDoc(file.text.slice(0, index))) {
        documented.add(name);
        return [];
      }
      return [`${file.path}:${lineAt(file.code, index)} exports ${name} without a doc`];
    });
  });
}

function endsWithDoc(before: string): boolean {
  const end = before.trimEnd();
  return end.endsWith("*/") && end.startsWith("/**", end.lastIndexOf("/*"));
}
