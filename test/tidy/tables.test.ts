import { expect } from "chai";

import { commands, type CommandRow } from "../../protocol/src/commands.js";
import { errorCodes, type ErrorCodeRow } from "../../protocol/src/errors.js";
import { siteCommands } from "../../transmitter/src/core/sites/site-words.js";
import { readRepositoryFile } from "./source.js";
import { type Row, sectionOf, tablesOf } from "./tables.js";

/** Commands that a transmitter says on the event socket alone, as the clause below the tables has it. */
const onEventSocketOnly = ["EVNT"];

describe("tidy: tables", () => {
  const page = readRepositoryFile("protocol/PROTOCOL.md");

  it("of error codes are the same in the protocol and in the code, row by row", () => {
    const [table = []] = tablesOf(sectionOf(page, "Errors"));

    expect(table.map(errorLine)).to.have.members(Object.entries(errorCodes).map(errorCodeLine));
  });

  it("of commands are the same in the protocol and in the code, for either speaker", () => {
    const [ofCell = [], ofTransmitter = []] = tablesOf(sectionOf(page, "Commands"));

    expect(namesIn(ofCell)).to.have.members(saidBy("cell"));
    expect([...namesIn(ofTransmitter), ...onEventSocketOnly]).to.have.members(
      saidBy("transmitter"),
    );
  });

  it("of words between transmitters are the same in the protocol and in the code", () => {
    const [words = []] = tablesOf(sectionOf(page, "Between transmitters: events"));
    const said = words.map((row) => `${row["word"]} ${row["means"]}`.replaceAll("`", ""));

    expect(said).to.have.members(
      Object.entries(siteCommands).map(([word, means]) => `${word} ${means}`),
    );
  });

  it("of fields name every command, and nothing that is no command", () => {
    const [fields = []] = tablesOf(sectionOf(page, "Fields"));
    const named = namesIn(fields)
      .map((name) => name.match(/[A-Z]{4}/)?.[0])
      .filter((name) => name !== undefined);

    expect([...new Set(named)]).to.have.members(Object.keys(commands));
  });

  it("are the only source of error codes that the protocol speaks of", () => {
    const spoken = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = ""]) => code);

    expect([...new Set(spoken)].filter((code) => !(code in errorCodes))).to.deep.equal([]);
  });

  it("are read by column, with bars in cells, up to the next heading of that depth", () => {
    const text = [
      "## 1. Errors",
      "",
      "| code | meaning |",
      "| --- | --- |",
      "| `A_B` | this \\| that, `c` |",
      "",
      "### 1.1 More",
      "",
      "| a |",
      "|---|",
      "| 1 |",
      "| 2 |",
      "",
      "## 2. Next",
      "",
      "| b |",
      "| --- |",
      "| 3 |",
    ].join("\n");

    expect(tablesOf(sectionOf(text, "Errors"))).to.deep.equal([
      [{ code: "A_B", meaning: "this | that, `c`" }],
      [{ a: "1" }, { a: "2" }],
    ]);
    expect(tablesOf(sectionOf(text, "Next"))).to.deep.equal([[{ b: "3" }]]);
    expect(() => sectionOf(text, "Nowhere")).to.throw('0 sections are called "Nowhere"');
  });
});

function errorLine({ code, fault, retryable, meaning }: Row): string {
  return `${code} | ${fault} | ${retryable} | ${meaning}`;
}

function errorCodeLine([code, { fault, retryable, meaning }]: [string, ErrorCodeRow]): string {
  return `${code} | ${fault} | ${retryable ? "yes" : "no"} | ${meaning}`;
}

function namesIn(table: readonly Row[]): string[] {
  return table.map(({ command = "" }) => command).filter((command) => command !== "");
}

function saidBy(speaker: CommandRow["speaker"]): string[] {
  return Object.entries<CommandRow>(commands)
    .filter(([, row]) => row.speaker === speaker || row.speaker === "both")
    .map(([name]) => name);
}
