import { expect } from "chai";

import { readLines } from "../../transmitter/src/cli/input-lines.js";
import { nearest } from "../../transmitter/src/cli/nearest.js";
import { printable, printableJson } from "../../transmitter/src/cli/printable.js";
import { ageText, bytesText, rateText, tableLines } from "../../transmitter/src/cli/table.js";
import { Tally } from "../../transmitter/src/cli/tally.js";
import { treeLines } from "../../transmitter/src/cli/tree.js";
import { splitWords } from "../../transmitter/src/cli/words.js";

describe("cli: printable", () => {
  const rows: readonly (readonly [text: string, shown: string])[] = [
    ["plain ß 漢 👩‍🚀", "plain ß 漢 👩‍🚀"],
    ["\u001b[31mred\u0007", "\\x1b[31mred\\x07"],
    ["\u009b31m\u007f", "\\x9b31m\\x7f"],
    ["a\nb\tc\rd\0", "a\\nb\\tc\\rd\\x00"],
    ["\u202egnp.exe\u2066\ufeff\u2028", "\\u202egnp.exe\\u2066\\ufeff\\u2028"],
    ["\ud800x", "\\ud800x"],
  ];

  for (const [text, shown] of rows) {
    it(`shows ${JSON.stringify(text)} as ${shown}`, () => {
      expect(printable(text)).to.equal(shown);
      expect(JSON.parse(printableJson(JSON.stringify(text)))).to.equal(text);
      expect(printableJson(JSON.stringify(text))).to.not.match(/[\p{Cc}\u202e\u2028]/u);
    });
  }
});

describe("cli: splitWords", () => {
  const rows: readonly (readonly [command: string, words: readonly string[]])[] = [
    ["a b  c\td", ["a", "b", "c", "d"]],
    ["a 'b c' \"d e\"", ["a", "b c", "d e"]],
    ["a'b'\"c\"d", ["abcd"]],
    ["a '' \"\"", ["a", "", ""]],
    [String.raw`a \  b\'c "\"\\\n"`, ["a", " ", "b'c", String.raw`"\\n`]],
    ["echo $HOME *.ts | cat > x; `y`", ["echo", "$HOME", "*.ts", "|", "cat", ">", "x;", "`y`"]],
  ];

  for (const [command, words] of rows) {
    it(`splits ${command} into ${JSON.stringify(words)}`, () => {
      expect(splitWords(command, "--exec")).to.deep.equal(words);
    });
  }
});

describe("cli: readLines", () => {
  const text = "one\n\ntwo\nthree\n\nend";

  for (const size of [1, 2, 3, 5, 100]) {
    it(`finds the same lines in pieces of ${size} bytes`, async () => {
      expect(await linesOf(text, size)).to.deep.equal(text.split("\n"));
      expect(await linesOf(`${text}\n`, size)).to.deep.equal(text.split("\n"));
    });
  }

  it("finds no line in nothing, and one in a newline", async () => {
    expect(await linesOf("", 1)).to.deep.equal([]);
    expect(await linesOf("\n", 1)).to.deep.equal([""]);
  });

  it("refuses a line that is longer than an event", async () => {
    const failure = await linesOf("x".repeat(1024 * 1024 + 1), 4096).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );

    expect(failure?.message).to.equal("a line over 1048576 bytes");
  });

  async function linesOf(input: string, size: number): Promise<string[]> {
    const lines: string[] = [];
    for await (const some of readLines(piecesOf(Buffer.from(input), size))) {
      lines.push(...some.map(String));
    }
    return lines;
  }

  async function* piecesOf(input: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size);
  }
});

describe("cli: nearest", () => {
  const rows: readonly (readonly [word: string, meant: string | undefined])[] = [
    ["prot", "port"],
    ["pubport", "pub-port"],
    ["pub", "pub-port"],
    ["binde", "bind"],
    ["nothing", undefined],
    ["x", undefined],
  ];

  for (const [word, meant] of rows) {
    it(`takes ${word} for ${meant ?? "nothing"}`, () => {
      expect(nearest(word, ["bind", "port", "pub-port", "heartbeat"])).to.equal(meant);
    });
  }
});

describe("cli: tables and trees", () => {
  it("puts numbers to the right and text to the left", () => {
    const rows = [
      { name: "a", count: 5 },
      { name: "long\n", count: 1000 },
    ];

    expect(tableLines([{ field: "name" }, { field: "count" }], rows)).to.deep.equal([
      "NAME    COUNT",
      "a           5",
      "long\\n   1000",
    ]);
  });

  it("draws what hangs below a line", () => {
    const tree = {
      text: "a",
      branches: [
        { text: "b", branches: [{ text: "c" }] },
        { text: "d", branches: [{ text: "e" }] },
      ],
    };

    expect(treeLines(tree)).to.deep.equal(["a", "├─ b", "│  └─ c", "└─ d", "   └─ e"]);
  });

  it("shows times, sizes and rates as people say them", () => {
    expect([0, 999, 61_000, 7_200_000, 90_000_000].map(ageText)).to.deep.equal([
      "0 ms",
      "999 ms",
      "1 min",
      "2 h",
      "1 d",
    ]);
    expect([0, 1536, 5 * 2 ** 30].map(bytesText)).to.deep.equal(["0 B", "1.5 KiB", "5.0 GiB"]);
    expect([0, 0.25, 12.34, 1234567].map(rateText)).to.deep.equal([
      "0",
      "0.25",
      "12.3",
      "1 234 567",
    ]);
  });
});

describe("cli: Tally", () => {
  const never = new AbortController().signal;

  it("takes no more than it was told, and gives back what is to be done again", async () => {
    const tally = new Tally({ count: 2, forMs: undefined, ending: never });

    expect([tally.begin(), tally.begin(), tally.begin()]).to.deep.equal([true, true, false]);
    tally.undo();
    expect(tally.begin()).to.equal(true);
    expect(tally.exit).to.equal(3);
    tally.complete();
    tally.complete();
    await tally.finished;
    expect(tally.exit).to.equal(0);
  });

  it("ends after its time", async () => {
    const tally = new Tally({ count: undefined, forMs: 5, ending: never });

    await tally.finished;

    expect(tally.exit).to.equal(0);
  });
});
