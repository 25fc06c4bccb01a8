import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { publicApi } from "../api/declarations.js";

/** One thing that can be imported, where its declarations lie, and where its README lists it. */
interface Entry {
  readonly specifier: string;
  readonly declarations: string;
  readonly readme: string;
  readonly heading: string;
  readonly snapshot: string;
}

const entries: readonly Entry[] = [
  entry("protocol"),
  entry("cell-sdk"),
  entry("transmitter"),
  entry("transmitter", "testing"),
];
const update = process.env["UPDATE_API"] === "1";

describe("public API", () => {
  for (const { specifier, declarations, readme, heading, snapshot } of entries) {
    const { names, text } = publicApi(pathOf(declarations));

    it(`the README lists every export of ${specifier}, with a line each`, () => {
      const rows = rowsUnder(heading, readFileSync(pathOf(readme), "utf8"));

      expect(rows.map(([name]) => name).toSorted()).to.deep.equal(names.toSorted());
      expect(rows.filter(([, what]) => what.length < 10)).to.deep.equal([]);
    });

    it(`what ${specifier} exports when it runs is declared`, async () => {
      const values = Object.keys((await import(specifier)) as object);

      expect(names).to.include.members(values);
      expect(values).to.not.deep.equal([]);
    });

    it(`${specifier} declares what ${snapshot} has`, () => {
      if (update) writeFileSync(pathOf(snapshot), text);

      expect(text).to.equal(
        readFileSync(pathOf(snapshot), "utf8"),
        "the API has changed: if it shall, say so in the CHANGELOG, run UPDATE_API=1 npm test -- --grep 'public API' and commit the snapshot",
      );
    });
  }
});

function entry(name: string, sub?: string): Entry {
  const specifier = ["@thynapse", name, ...(sub === undefined ? [] : [sub])].join("/");
  return {
    specifier,
    declarations: `${name}/dist/${sub ?? "index"}.d.ts`,
    readme: `${name}/README.md`,
    heading: `Exports of \`${specifier}\``,
    snapshot: `test/api/${name}${sub === undefined ? "" : `-${sub}`}.d.ts.txt`,
  };
}

/** Reads name and description of each row of the tables below a heading. */
function rowsUnder(heading: string, text: string): (readonly [name: string, what: string])[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(
    ([, name = "", what = ""]) => [name, what] as const,
  );
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
