import { expect } from "chai";
import fc from "fast-check";

import { decodeExactJson, encodeJson } from "@thynapse/protocol";
import { cpuMs } from "../support/cpu-ms.js";
import { refusalOf } from "./refusal.js";

/** A number in digits, and its power of ten. */
type Decimal = readonly [digits: bigint, power: number];

const digitsOf = (most: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
const literal = fc
  .tuple(
    fc.constantFrom("", "-"),
    digitsOf(25).map((digits) => digits.replace(/^0+(?=.)/, "")),
    fc.option(digitsOf(25)),
    fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), digitsOf(3))),
  )
  .map(([sign, whole, part, power]) => {
    const behind = `${part === null ? "" : `.${part}`}${power?.join("") ?? ""}`;
    return `${sign}${whole}${behind}`;
  });

/** Reads and writes the value of one key. */
function again(text: string): string {
  const written = encodeJson(decodeExactJson(Buffer.from(`{"a":${text}}`))).toString();
  return written.slice('{"a":'.length, -1);
}

/*
 * Goal:   what a `J` cell sends is the number that another one gets, however many digits it has.
 * Method: texts with numbers of all lengths are read and written again; the numbers are compared
 *         as integers and powers of ten, whose doubles nobody asks for.
 * Replay: npm test -- --grep "numbers of JSON"
 */
describe("numbers of JSON", () => {
  for (const [text, written] of [
    ["12345678901234567890", "12345678901234567890"],
    ["-9007199254740993", "-9007199254740993"],
    ["1152921504606846976", "1152921504606846976"],
    ["1e400", "1e400"],
    ["-1E400", "-1E400"],
    ["1e-400", "1e-400"],
    ["0.1234567890123456789", "0.1234567890123456789"],
    ["1e5", "100000"],
    ["0.30000000000000004", "0.30000000000000004"],
    ["1.0000000000000000", "1"],
    ["0e999", "0"],
    ["1e-05", "0.00001"],
    [
      '["9007199254740993", -1, 9007199254740993 ,{"b" : 1e999}]',
      '["9007199254740993",-1,9007199254740993,{"b":1e999}]',
    ],
    ['"\\": 12345678901234567890"', '"\\": 12345678901234567890"'],
    ['{"__proto__":1e400,"2":1,"1":2}', '{"1":2,"2":1,"__proto__":1e400}'],
  ] as const) {
    it(`${text} is written ${written}`, () => {
      expect(again(text)).to.equal(written);
    });
  }

  it("are the same numbers when they are written again", () => {
    fc.assert(
      fc.property(literal, (text) => isSame(decimalOf(text), decimalOf(again(text)))),
      { numRuns: 1000 },
    );
  });

  it("are written as JSON.stringify writes them where a double has them", () => {
    fc.assert(
      fc.property(fc.json(), (text) => again(text) === JSON.stringify(JSON.parse(text))),
      { numRuns: 1000 },
    );
  });

  it("are read in a moment, however long they are", () => {
    const zeros = "0".repeat(500_000);

    for (const text of [`1${zeros}1`, `0.1${zeros}1`, `${"1".repeat(500_000)}e5`]) {
      expect(cpuMs(() => expect(again(text)).to.equal(text))).to.be.below(1000);
    }
  });

  it("are no numbers where they are no JSON", () => {
    for (const text of ["01234567890123456789", "1234567890123456.", "-e5", "1e400e4"]) {
      expect(refusalOf(() => again(text)).code, text).to.equal("BAD_PAYLOAD");
    }
  });
});

function decimalOf(text: string): Decimal {
  const [mantissa = "", power = "0"] = text.toLowerCase().split("e");
  const [whole = "", part = ""] = mantissa.split(".");
  return [BigInt(`${whole}${part}`), Number(power) - part.length];
}

function isSame([digits, power]: Decimal, [others, othersPower]: Decimal): boolean {
  const least = Math.min(power, othersPower);
  return digits * 10n ** BigInt(power - least) === others * 10n ** BigInt(othersPower - least);
}
