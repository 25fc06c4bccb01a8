import { expect } from "chai";

import { placesOf, publishedFiles, sourceFile, sourceFiles, type SourceFile } from "./source.js";

/** Something that may not be written, and where that holds. */
interface Ban {
  readonly what: string;
  readonly pattern: RegExp;
  /** A text in which it stands, so that the ban itself is tested. */
  readonly example: string;
}

/** Held against the code, comments and strings left out. */
const codeBans: readonly Ban[] = [
  { what: "a default export", pattern: /\bexport\s+default\b/g, example: "export default 1;" },
  { what: "a default export", pattern: /\bas\s+default\b/g, example: "export { a as default };" },
  { what: "export *", pattern: /\bexport\s*\*/g, example: 'export * from "./a.js";' },
  { what: "an enum", pattern: /\benum\s+\w+\s*\{/g, example: "export enum A { B }" },
  {
    what: "a test that runs alone",
    pattern: /\b(?:it|describe|context|specify)\.only\b/g,
    example: 'it.only("a", () => {});',
  },
  {
    what: "a test that does not run",
    pattern:
      /\b(?:(?:it|describe|context|specify)\.skip\b|this\.skip\(\)|x(?:it|describe|context)\s*\()/g,
    example: 'describe.skip("a", () => {});',
  },
  { what: "retries", pattern: /\bthis\.retries\b|\.retries\(/g, example: "this.retries(3);" },
];

/** Held against the whole text, since they work from inside a comment. */
const textBans: readonly Ban[] = [
  {
    what: "a silenced compiler",
    pattern: /@ts-(?:ignore|nocheck|expect-error)/g,
    example: `// @ts-${"ignore"}`,
  },
  {
    what: "a hole in the coverage",
    pattern: /\b(?:c8|istanbul|v8) ignore\b/g,
    example: `/* c8 ${"ignore"} next */`,
  },
  { what: "a TODO without an issue", pattern: /\bTODO\b(?! #\d)/g, example: `// TO${"DO"}: later` },
];

const vagueNames = /\/(?:utils?|helpers?|common|managers?|impl)(?:\.test)?(?:\.ts|\/)/;
const notKebab = /\/(?![a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|d))?\.ts$)[^/]+\.ts$/;
const otherMeshesWords = /(?:broker|broadcast|consumer|prefetch)/i;
const exportedName =
  /^export\s+(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|interface|type)\s+(\w+)/gm;

describe("tidy: words", () => {
  const files = sourceFiles("protocol", "cell-sdk", "transmitter", "test", "examples");
  const others = files.filter(({ path }) => path !== "test/tidy/words.test.ts");

  for (const { what, pattern, example } of codeBans) {
    it(`${what} (${pattern.source}) is written nowhere`, () => {
      expect(placesOf(files, pattern)).to.deep.equal([]);
      expect(placesOf([sourceFile("a.ts", example)], pattern)).to.have.length(1);
    });
  }

  for (const { what, pattern, example } of textBans) {
    it(`${what} is written nowhere, not even in a comment`, () => {
      expect(placesOf(others.map(asCode), pattern)).to.deep.equal([]);
      expect(placesOf([asCode(sourceFile("a.ts", example))], pattern)).to.have.length(1);
    });
  }

  it("files are named in kebab-case after the noun they hold", () => {
    expect(files.map(({ path }) => path).filter(isBadFileName)).to.deep.equal([]);
  });

  for (const name of ["utils.ts", "helpers/a.ts", "common.test.ts", "impl.ts", "eventSocket.ts"]) {
    it(`${name} is no name for a file`, () => {
      expect(isBadFileName(`protocol/src/${name}`)).to.equal(true);
    });
  }

  it("exported names use the words of this mesh, not those of others", () => {
    expect(foreignNames(publishedFiles())).to.deep.equal([]);
    expect(foreignNames([sourceFile("a.ts", "export const brokerUrl = 1;")])).to.have.length(1);
  });
});

function isBadFileName(path: string): boolean {
  return vagueNames.test(path) || notKebab.test(path);
}

function asCode(file: SourceFile): SourceFile {
  return { ...file, code: file.text };
}

function foreignNames(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, code }) =>
    [...code.matchAll(exportedName)]
      .filter(([, name]) => otherMeshesWords.test(name ?? ""))
      .map(([, name]) => `${path} exports ${name}`),
  );
}
