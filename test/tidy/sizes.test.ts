import { expect } from "chai";

import { lineCount, publishedFiles, sourceFile, sourceFiles, type SourceFile } from "./source.js";

/** A file that is longer than it should be, how long it may be, and why. */
interface LongFile {
  readonly lines: number;
  readonly reason: string;
}

const linesAsked = 300;
const linesMax = 400;
const columnsMax = 100;

/**
 * Files over 300 lines. The number only goes down; an entry that is no longer needed must go.
 * Over 400 lines there is no reason: it is two files.
 */
const longFiles: Readonly<Record<string, LongFile>> = {
  "transmitter/src/core/transmitter-core.ts": {
    lines: 333,
    reason: "the composition of the core and its inputs, one line each",
  },
  "transmitter/src/core/mesh/mesh.ts": {
    lines: 314,
    reason: "the composition of a mesh and what its parts tell each other, one method for each",
  },
  "cell-sdk/src/core/outbox.ts": {
    lines: 315,
    reason: "one way out for every event; its answers share their state",
  },
  "test/transmitter/sockets/command-socket.test.ts": {
    lines: 313,
    reason: "one stand with real sockets for all that one socket does",
  },
  "test/transmitter/sockets/event-socket.test.ts": {
    lines: 302,
    reason: "one stand with real sockets for all that one socket does",
  },
};

describe("tidy: sizes", () => {
  it("no file is over 300 lines without a reason", () => {
    const files = sourceFiles("protocol", "cell-sdk", "transmitter", "test", "examples");

    expect(sizeFaults(files, longFiles)).to.deep.equal([]);
  });

  it("no line of the published sources is over 100 columns", () => {
    expect(wideLines(publishedFiles())).to.deep.equal([]);
  });

  it("refuse a file over 300 lines that gives no reason, or grew", () => {
    const file = fileOfLines(301);

    expect(sizeFaults([file], {})).to.have.length(1);
    expect(sizeFaults([file], { "a.ts": { lines: 301, reason: "" } })).to.have.length(1);
    expect(sizeFaults([file], { "a.ts": { lines: 300, reason: "one table" } })).to.have.length(1);
    expect(sizeFaults([file], { "a.ts": { lines: 301, reason: "one table" } })).to.have.length(0);
  });

  it("refuse a file over 400 lines whatever the reason", () => {
    const faults = sizeFaults([fileOfLines(401)], { "a.ts": { lines: 401, reason: "one table" } });

    expect(faults).to.have.length(1);
  });

  it("refuse a reason for a file that is short again, or gone", () => {
    const reasons = { "a.ts": { lines: 301, reason: "one table" } };

    expect(sizeFaults([fileOfLines(300)], reasons)).to.have.length(1);
    expect(sizeFaults([], reasons)).to.have.length(1);
  });

  it("refuse a line of 101 columns, counted in characters", () => {
    expect(wideLines([sourceFile("a.ts", "é".repeat(101))])).to.have.length(1);
    expect(wideLines([sourceFile("a.ts", "é".repeat(100))])).to.have.length(0);
  });
});

function sizeFaults(
  files: readonly SourceFile[],
  reasons: Readonly<Record<string, LongFile>>,
): string[] {
  const lengths = new Map(files.map(({ path, text }) => [path, lineCount(text)]));
  const long = [...lengths].filter(([path, lines]) => {
    const entry = reasons[path];
    const allowed = entry !== undefined && entry.reason !== "" ? entry.lines : linesAsked;
    return lines > Math.min(allowed, linesMax);
  });
  const stale = Object.keys(reasons).filter((path) => (lengths.get(path) ?? 0) <= linesAsked);
  return [
    ...long.map(([path, lines]) => `${path} has ${lines} lines`),
    ...stale.map((path) => `${path} needs no reason any more`),
  ];
}

function wideLines(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .map((line, index) => ({ columns: Array.from(line).length, place: `${path}:${index + 1}` }))
      .filter(({ columns }) => columns > columnsMax)
      .map(({ columns, place }) => `${place} has ${columns} columns`),
  );
}

function fileOfLines(lines: number): SourceFile {
  return sourceFile("a.ts", "a;\n".repeat(lines));
}
