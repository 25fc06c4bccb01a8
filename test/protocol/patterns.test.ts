import { expect } from "chai";
import fc from "fast-check";

import { checkChannel, matchesPattern, parsePattern } from "@thynapse/protocol";
import { cpuMs } from "../support/cpu-ms.js";
import { expectRefusal, refusalOf } from "./refusal.js";
import { type PatternVectors, readVectors, shown } from "./vectors.js";

const vectors = readVectors<PatternVectors>("patterns");

describe("pattern", () => {
  for (const { pattern } of vectors.valid) {
    it(`${shown(pattern)} is one`, () => {
      const parsed = parsePattern(pattern);

      expect(parsed.text).to.equal(pattern);
      expect(parsed.segments.join(".")).to.equal(pattern);
      expect(Object.isFrozen(parsed)).to.equal(true);
      expect(Object.isFrozen(parsed.segments)).to.equal(true);
    });
  }

  for (const row of vectors.refused) {
    it(`${shown(row.pattern)} is refused: ${shown(row.message)}`, () => {
      expectRefusal(row, () => parsePattern(row.pattern));
    });
  }

  it("undefined and a lone surrogate, which JSON cannot write, are refused", () => {
    expectRefusal({ code: "BAD_PATTERN", message: "must be a string" }, () =>
      parsePattern(undefined),
    );
    expectRefusal({ code: "BAD_PATTERN", message: "not valid Unicode" }, () =>
      parsePattern("*.\ud800"),
    );
  });

  for (const { pattern, channel, matches } of vectors.matches) {
    it(`${pattern} ${matches ? "matches" : "does not match"} ${channel}`, () => {
      expect(matchesPattern(parsePattern(pattern), channel)).to.equal(matches);
    });
  }

  it("without a wildcard matches the channel of the same name and no other", () => {
    fc.assert(
      fc.property(channels, channels, (one, other) => {
        const pattern = parsePattern(one);
        expect(matchesPattern(pattern, one)).to.equal(true);
        expect(matchesPattern(pattern, other)).to.equal(one === other);
      }),
    );
  });

  it("matches exactly the channels that its parts, each tried in every length, spell", () => {
    fc.assert(
      fc.property(patterns, systemOrPlain, (text, channel) => {
        const expected = spells(text.split("."), channel.split("."));
        expect(matchesPattern(parsePattern(text), channel)).to.equal(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it("never needs more than a moment, however it repeats itself", () => {
    const hostile = ["*a".repeat(120), "*.".repeat(127), `${"a*".repeat(100)}b`, "**.".repeat(80)];

    const tookMs = cpuMs(() => {
      for (const text of hostile) {
        expect(refusalOf(() => parsePattern(text)).code).to.equal("BAD_PATTERN");
      }
    });

    expect(tookMs).to.be.below(100);
  });

  it("is quoted in a refusal so that it cannot forge a line or move a terminal's cursor", () => {
    for (const hostile of ["a\r\nFAKE LOG", "\u001b[2J|", "a\u202eb", "\u2028/+"]) {
      expect(refusalOf(() => parsePattern(hostile)).message).to.match(/^[ -~]+$/);
    }
  });

  it("that a hint proposes is a pattern", () => {
    const texts = fc.string({
      unit: fc.constantFrom(...Array.from("ab/+#>.*")),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, (text) => {
        const hint = hintFor(text);
        const proposed = hint?.split(" ").at(-1) ?? "";
        if (hint?.startsWith("use ") !== true || hint.includes("segment")) return;
        expect(parsePattern(proposed).text).to.equal(proposed);
      }),
      { numRuns: 3000 },
    );
  });
});

const segment: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c");
const channels = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map((segments) => checkChannel(segments.join(".")));
const systemOrPlain = fc.oneof(
  { arbitrary: channels, weight: 4 },
  { arbitrary: channels.map((channel) => `$${channel}`), weight: 1 },
);
const patterns = fc
  .tuple(
    fc.constantFrom("", "$"),
    fc.array(fc.oneof(segment, fc.constant("*")), { minLength: 1, maxLength: 5 }),
    fc.nat(5),
    fc.boolean(),
  )
  .map(([dollar, segments, manyAt, many]): string => {
    const all = many ? segments.toSpliced(Math.min(manyAt, segments.length), 1, "**") : segments;
    return all[0]?.startsWith("*") === true ? all.join(".") : dollar + all.join(".");
  });

/** Tries every length for `**`, one segment at a time: slower still than the oracle itself. */
function spells(wanted: readonly string[], given: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return given.length === 0;
  if (given.length === 0) return false;
  if (first === "**") {
    return given.some(
      (_, i) => !isSystem(given.slice(0, i + 1)) && spells(rest, given.slice(i + 1)),
    );
  }
  const fits = first === "*" ? !isSystem(given.slice(0, 1)) : first === given[0];
  return fits && spells(rest, given.slice(1));
}

function isSystem(segments: readonly string[]): boolean {
  return segments.some((text) => text.startsWith("$"));
}

function hintFor(text: string): string | undefined {
  try {
    parsePattern(text);
    return undefined;
  } catch (refusal) {
    return (refusal as { hint?: string }).hint;
  }
}
