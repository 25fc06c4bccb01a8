import { expect } from "chai";
import fc from "fast-check";

import {
  checkJsonBounds,
  decodeJson,
  encodeJson,
  keysMax,
  payloadBytesMax,
} from "@thynapse/protocol";
import { cpuMs } from "../support/cpu-ms.js";
import { expectRefusal, refusalOf } from "./refusal.js";

describe("JSON payload", () => {
  it("is one object, with whatever it has in it", () => {
    const value = { id: "a", n: 1.5, list: [1, null, true], map: { é: "\n✓" } };

    expect(decodeJson(encodeJson(value))).to.deep.equal(value);
    expect(decodeJson(Buffer.from(' \t\r\n{"a" : 1}\n'))).to.deep.equal({ a: 1 });
  });

  for (const [payload, message] of [
    ["", "empty payload"],
    ["true", "expected an object, got boolean"],
    ['"str"', "expected an object, got string"],
    ["null", "expected an object, got null"],
    ["7", "expected an object, got number"],
    ["[1]", "expected an object, got array"],
    ["{", "JSON ends early at offset 1"],
    [" ", "JSON ends early at offset 1"],
    ['{"a":', "JSON ends early at offset 5"],
    ['{"a":"b', "JSON ends early at offset 7"],
    ['{"a":tru', "JSON ends early at offset 8"],
    ['{"a":"\\u12', "JSON ends early at offset 10"],
    ['{"a":-', "JSON ends early at offset 6"],
    ['{"id":"a",}', "trailing comma at offset 9"],
    ['{"a":[1,2,]}', "trailing comma at offset 9"],
    ["{'id':1}", "use double quotes"],
    ["{\"id\":'a'}", "use double quotes"],
    ["{id:1}", "unexpected 'i' at offset 1"],
    ['{"n":Infinity}', "unexpected 'I' at offset 5"],
    ['{"n":NaN}', "unexpected 'N' at offset 5"],
    ['{"n":undefined}', "unexpected 'u' at offset 5"],
    ['{"n":01}', "unexpected '1' at offset 6"],
    ['{"n":1.}', "unexpected '}' at offset 7"],
    ['{"n":+1}', "unexpected '+' at offset 5"],
    ['{"n":0x1}', "unexpected 'x' at offset 6"],
    ['{"a" 1}', "unexpected '1' at offset 5"],
    ['{"a":1 "b":2}', "unexpected '\"' at offset 7"],
    ['{"a":"\t"}', "unexpected byte 0x09 at offset 6"],
    ['{"a":"\\x"}', "unexpected 'x' at offset 7"],
    ["{}\0", "unexpected byte 0x00 at offset 2"],
    ["{}{}", "unexpected '{' at offset 2"],
    ["{} // comment", "unexpected '/' at offset 3"],
    ['{"é":x}', "unexpected 'x' at offset 6"],
    ["\u00a0{}", "unexpected U+00a0 at offset 0"],
    ["\ufeff{}", "starts with a byte-order mark; remove it"],
  ] as const) {
    it(`${JSON.stringify(payload)} is refused: ${message}`, () => {
      expectRefusal({ code: "BAD_PAYLOAD", message }, () => decodeJson(Buffer.from(payload)));
    });
  }

  for (const [what, hex, message] of [
    ["MessagePack map", "81a16101", "not JSON; did you mean encoding M?"],
    ["wide MessagePack map", "de000181a1", "not JSON; did you mean encoding M?"],
    ["overlong slash", "7b2261223a22c0af227d", "invalid UTF-8"],
    ["overlong slash at the start", "c0af", "invalid UTF-8"],
    ["surrogate in UTF-8", "7b2261223a22eda080227d", "invalid UTF-8"],
    ["text in UTF-16", "7b002200", "unexpected byte 0x00 at offset 1"],
  ] as const) {
    it(`is no ${what}: ${message}`, () => {
      expectRefusal({ code: "BAD_PAYLOAD", message }, () => decodeJson(Buffer.from(hex, "hex")));
    });
  }

  it("is at most 1 MiB, or what the caller says", () => {
    const object = (size: number): Buffer => Buffer.from(`{"a":"${"x".repeat(size - 8)}"}`);

    expect(decodeJson(object(payloadBytesMax))).to.have.property("a");
    expectRefusal({ code: "TOO_LARGE", message: "1048577 bytes, at most 1048576" }, () =>
      decodeJson(object(payloadBytesMax + 1)),
    );
    expect(decodeJson(object(2 * payloadBytesMax), { bytesMax: 2 * payloadBytesMax })).to.have.keys(
      "a",
    );
    expectRefusal({ code: "TOO_LARGE" }, () => decodeJson(object(20), { bytesMax: 19 }));
  });

  it("is at most 64 levels deep", () => {
    const deep = (levels: number): Buffer =>
      Buffer.from(`{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`);

    expect(decodeJson(deep(64))).to.have.property("a");
    expect(refusalOf(() => decodeJson(deep(65))).code).to.equal("TOO_DEEP");
    expect(refusalOf(() => decodeJson(deep(100_000))).code).to.equal("TOO_DEEP");
    const wide = Buffer.from(`{"a":[${"[],{},".repeat(1000)}0]}`);
    expect(decodeJson(wide)).to.have.property("a");
  });

  it("has at most 10 000 keys, at all levels together", () => {
    const keys = (count: number): Buffer =>
      Buffer.from(`{"k":[${Array.from({ length: count - 1 }, (_, i) => `{"k${i}":0}`).join()}]}`);

    expect(decodeJson(keys(keysMax))).to.have.property("k");
    expect(refusalOf(() => decodeJson(keys(keysMax + 1))).code).to.equal("TOO_MANY_KEYS");
  });

  it("keeps the last of equal keys, and a key __proto__ as a key", () => {
    const value = decodeJson(Buffer.from('{"a":1,"a":2,"__proto__":{"x":1}}'));

    expect(value["a"]).to.equal(2);
    expect(Object.hasOwn(value, "__proto__")).to.equal(true);
    expect(({} as { x?: number }).x).to.equal(undefined);
  });

  it("that is damaged is refused by code, or was JSON after all", () => {
    const damaged = fc
      .tuple(fc.object(), fc.nat(), fc.constantFrom(...Array.from("{}[]\",:'\\x0 -.eé\0")))
      .map(([value, at, char]) => {
        const text = JSON.stringify(value);
        const index = at % text.length;
        return text.slice(0, index) + char + text.slice(index + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        if (isJsonObject(text))
          expect(decodeJson(Buffer.from(text))).to.deep.equal(JSON.parse(text));
        else {
          const { code, message } = refusalOf(() => decodeJson(Buffer.from(text)));
          expect(code).to.equal("BAD_PAYLOAD");
          expect(message).to.match(/offset \d+|expected an object/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("JSON bounds", () => {
  it("count brackets and keys outside strings only", () => {
    const strings = JSON.stringify(Array.from({ length: 100 }, () => '[[[{"a":1,\\"\\\\'));

    expect(() => checkJsonBounds(strings, { depthMax: 1, keysMax: 0 })).to.not.throw();
  });

  it("are what a walk over the parsed value measures", () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 6 }),
        fc.nat(6),
        fc.nat(20),
        (value, depthMax, keysMost) => {
          const measured = measure(value);
          const fits = measured.depth <= depthMax && measured.keys <= keysMost;
          const check = () =>
            checkJsonBounds(JSON.stringify(value), { depthMax, keysMax: keysMost });
          if (fits) check();
          else expect(refusalOf(check).code).to.be.oneOf(["TOO_DEEP", "TOO_MANY_KEYS"]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("are checked in a moment, whatever is in the strings", () => {
    const texts = [`["${"\\\\".repeat(500_000)}"]`, `["${'\\"'.repeat(500_000)}`, '"'.repeat(1e6)];

    expect(cpuMs(() => texts.forEach((text) => checkJsonBounds(text)))).to.be.below(1000);
  });
});

describe("JSON encoder", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;

  for (const [what, value] of [
    ["a value that contains itself", cycle],
    ["a bigint", { a: 1n }],
    ["undefined", undefined],
    ["a function", () => 0],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(refusalOf(() => encodeJson(value)).code).to.equal("BAD_PAYLOAD");
    });
  }
});

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function measure(value: unknown): { depth: number; keys: number } {
  if (typeof value !== "object" || value === null) return { depth: 0, keys: 0 };
  const parsed: unknown = JSON.parse(JSON.stringify(value));
  const items = Object.values(parsed as object).map(measure);
  const own = Array.isArray(parsed) ? 0 : Object.keys(parsed as object).length;
  return {
    depth: 1 + Math.max(0, ...items.map(({ depth }) => depth)),
    keys: items.reduce((sum, { keys }) => sum + keys, own),
  };
}
