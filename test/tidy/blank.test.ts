import { expect } from "chai";

import { blank } from "./blank.js";
import { importsOf, sourceFile } from "./source.js";

const rows: readonly (readonly [what: string, text: string, code: string])[] = [
  ["a line comment", "a; // b\nc", "a;     \nc"],
  ["a block comment, line breaks kept", "a /* b\nc */ d", "a     \n     d"],
  ["a string with an escaped quote", String.raw`f("a\"b", 'c')`, `f("    ", ' ')`],
  ["a comment mark in a string", 'f("//"); g', 'f("  "); g'],
  ["a template, but not the code in it", "f(`a${ Date.now() }b`)", "f(` ${ Date.now() } `)"],
  ["braces in a template's code", "`${ { a: {} } }x` + y", "`${ { a: {} } } ` + y"],
  ["a template in a template", "`${ `a${ b }` }c`", "`${ ` ${ b }` } `"],
  ["a regular expression with a quote", "f(/[/\"]'/); g", "f(       ); g"],
  ["no division", 'a / b / c + "d"', 'a / b / c + " "'],
];

describe("tidy: blank", () => {
  for (const [what, text, code] of rows) {
    it(`blanks ${what}`, () => {
      expect(blank(text)).to.equal(code);
    });
  }
});

describe("tidy: importsOf", () => {
  it("finds imports, re-exports and dynamic imports, but none in comments and strings", () => {
    const file = sourceFile(
      "a.ts",
      [
        'import { a } from "a";',
        "import type {",
        "  B,",
        '} from "./b.js";',
        'export type { C } from "c";',
        'import "d";',
        'const e = await import("e");',
        '// import "f";',
        "const text = 'import \"g\"';",
        'export * from "h";',
      ].join("\n"),
    );

    expect(importsOf(file)).to.deep.equal([
      { from: "a", line: 1, typeOnly: false },
      { from: "./b.js", line: 4, typeOnly: true },
      { from: "c", line: 5, typeOnly: true },
      { from: "d", line: 6, typeOnly: false },
      { from: "e", line: 7, typeOnly: false },
      { from: "h", line: 10, typeOnly: false },
    ]);
  });
});
