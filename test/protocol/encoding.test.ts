import { expect } from "chai";
import fc from "fast-check";

import {
  checkMessagePack,
  commandBytesMax,
  decodeMessagePack,
  encodeMessagePack,
  keysMax,
} from "@thynapse/protocol";
import { values } from "./message-pack-bytes.js";
import { expectRefusal, refusalOf } from "./refusal.js";
import { fromHex } from "./vectors.js";

describe("MessagePack encoder", () => {
  it("writes what passes the bounds and is read as it was", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeMessagePack(value);
        expect(checkMessagePack(bytes, 0, bytes.length)).to.equal(bytes.length);
        expect(decodeMessagePack(bytes)).to.deep.equal(value);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives bytes that later encoding leaves alone", () => {
    const kept = Array.from({ length: 5000 }, (_, i) => ({ i, text: "x".repeat(i % 100) }));

    const encoded = kept.map((value) => encodeMessagePack(value));

    expect(encoded.map((bytes) => decodeMessagePack(bytes))).to.deep.equal(kept);
  });

  it("gives bytes that later encoding leaves alone, of large values too", () => {
    const kept = ["a", "b", "c"].map((letter) => letter.repeat(100_000));

    const encoded = kept.map((value) => encodeMessagePack(value));

    expect(encoded.map((bytes) => decodeMessagePack(bytes))).to.deep.equal(kept);
  });

  it("encodes a large value within a large one", () => {
    const outer = {
      text: "x".repeat(100_000),
      get size() {
        return encodeMessagePack("y".repeat(200_000)).length;
      },
    };

    expect(decodeMessagePack(encodeMessagePack(outer))).to.deep.equal({
      text: outer.text,
      size: 200_005,
    });
  });

  it("encodes within an encoding, where a toJSON or a getter does so", () => {
    const inner = { toJSON: () => encodeMessagePack({ deep: "x".repeat(70_000) }).length };
    class Outer {
      readonly first = 1;
      readonly inner = new Inner();
      readonly last = 2;
    }
    class Inner {
      toJSON(): number {
        return inner.toJSON();
      }
    }
    const value = {
      get size() {
        return encodeMessagePack([1, 2, 3]).length;
      },
      outer: new Outer(),
      after: "kept",
    };

    const decoded = decodeMessagePack(encodeMessagePack(value));

    expect(decoded).to.deep.equal({
      size: 4,
      outer: { first: 1, inner: 70_011, last: 2 },
      after: "kept",
    });
  });

  it("goes on after an encoding that failed", () => {
    const before = encodeMessagePack("before");

    expect(refusalOf(() => encodeMessagePack({ a: 1, f: () => 0 })).code).to.equal("BAD_PAYLOAD");

    expect(decodeMessagePack(encodeMessagePack("after"))).to.equal("after");
    expect(decodeMessagePack(before)).to.equal("before");
  });

  it("leaves out keys without a value, as JSON does, and writes nil for a missing element", () => {
    const holes: unknown[] = [1, undefined];
    holes.length = 3;

    expect(decodeMessagePack(encodeMessagePack({ a: undefined, b: 1 }))).to.deep.equal({ b: 1 });
    expect(decodeMessagePack(encodeMessagePack(holes))).to.deep.equal([1, null, null]);
    expect(encodeMessagePack(undefined)).to.deep.equal(fromHex("c0"));
  });

  it("writes own keys only, of objects of any class", () => {
    class Point {
      readonly x = 1;
      get y(): number {
        return 2;
      }
    }
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const heir = Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 });

    expect(decodeMessagePack(encodeMessagePack([new Point(), bare, heir]))).to.deep.equal([
      { x: 1 },
      { a: 1 },
      { own: 2 },
    ]);
  });

  it("asks toJSON of an object that has one, but not of a Date", () => {
    const date = new Date(1_700_000_000_123);

    expect(decodeMessagePack(encodeMessagePack([new URL("http://a/"), date]))).to.deep.equal([
      "http://a/",
      date,
    ]);
  });

  it("writes a field toJSON that is no function as any other", () => {
    for (const toJSON of ["y", 1, null, {}]) {
      const value = { headers: { constructor: "x", toJSON }, at: new Date(5) };

      expect(decodeMessagePack(encodeMessagePack({ ...value, gap: undefined }))).to.deep.equal(
        value,
      );
    }
  });

  it("writes bytes of any kind as binary", () => {
    const memory = new Uint8Array([1, 2, 3]);

    for (const bytes of [memory, Buffer.from(memory), memory.buffer]) {
      expect(encodeMessagePack([bytes])).to.deep.equal(fromHex("91c403010203"));
    }
  });

  it("writes the longest strings and binaries of each format", () => {
    for (const length of [31, 32, 255, 256, 65_535, 65_536, 300_000]) {
      const value = {
        text: "x".repeat(length),
        wide: "é".repeat(length),
        bytes: Buffer.alloc(length),
      };
      expect(decodeMessagePack(encodeMessagePack(value))).to.deep.equal(value);
    }
  });
});

describe("MessagePack encoder refuses", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = { in: [cycle] };
  const wideCycle: unknown[] = [];
  for (let i = 0; i < 1000; i++) wideCycle.push(wideCycle);
  const heavyCycle: { text: string; self?: unknown } = { text: "x".repeat(100_000) };
  heavyCycle.self = heavyCycle;

  for (const [what, value] of [
    ["half a character", "a\ud800b"],
    ["a function", () => 0],
    ["a symbol", Symbol("s")],
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["a WeakMap", new WeakMap()],
    ["a RegExp", /a/],
    ["an Error", new Error("e")],
    ["an error of a class of its own", new (class OwnError extends Error {})("e")],
    ["a Promise", Promise.resolve(1)],
    ["a boxed number", Object(1)],
    ["a boxed string", Object("s")],
    ["a boxed boolean", Object(true)],
    ["an array of floats", new Float64Array(2)],
    ["a DataView", new DataView(new ArrayBuffer(2))],
    ["an invalid Date", new Date(Number.NaN)],
    ["an integer of 65 bits", 2n ** 64n],
    ["a negative integer of 65 bits", -(2n ** 63n) - 1n],
    ["the key __proto__", JSON.parse('{"__proto__":1}')],
    ["a value that contains itself", cycle],
    ["a value that contains itself very often", wideCycle],
    ["a value that contains itself and much else", heavyCycle],
  ] as const) {
    it(`${what}, as BAD_PAYLOAD, at any depth`, () => {
      for (const wrapped of [value, [value], { a: { b: value } }]) {
        const refusal = refusalOf(() => encodeMessagePack(wrapped));
        expect(refusal.code).to.equal("BAD_PAYLOAD");
        expect(refusal.fault).to.equal("local");
      }
    });
  }

  it("a value of 65 levels, as TOO_DEEP", () => {
    expect(encodeMessagePack(nested(64))).to.have.length(64);
    expect(refusalOf(() => encodeMessagePack(nested(65))).code).to.equal("TOO_DEEP");
    expect(refusalOf(() => encodeMessagePack(nested(5000))).code).to.equal("TOO_DEEP");
  });

  it("toJSON that never ends, as TOO_DEEP", () => {
    class Endless {
      toJSON(): Endless {
        return new Endless();
      }
    }

    expect(refusalOf(() => encodeMessagePack(new Endless())).code).to.equal("TOO_DEEP");
  });

  it("more keys than the limit, as TOO_MANY_KEYS", () => {
    const map = Object.fromEntries(Array.from({ length: keysMax }, (_, i) => [`k${i}`, i]));

    expect(decodeMessagePack(encodeMessagePack(map))).to.deep.equal(map);
    expect(refusalOf(() => encodeMessagePack({ ...map, more: 1 })).code).to.equal("TOO_MANY_KEYS");
  });

  it("what is larger than any command, as TOO_LARGE", () => {
    expectRefusal({ code: "TOO_LARGE" }, () => encodeMessagePack("x".repeat(commandBytesMax)));
    expectRefusal({ code: "TOO_LARGE" }, () => encodeMessagePack(new Array(4_000_000_000)));
  });

  it("what repeats itself exponentially, as TOO_LARGE and soon", () => {
    for (const leaf of ["x", 1, null, []]) {
      let value: unknown = leaf;
      for (let level = 0; level < 60; level++) value = [value, value];

      expect(refusalOf(() => encodeMessagePack(value)).code).to.equal("TOO_LARGE");
    }
  });

  it("nothing of an error that a getter throws: that is the caller's own", () => {
    const value = {
      get a(): never {
        throw new RangeError("mine");
      },
    };

    expect(() => encodeMessagePack(value)).to.throw(RangeError, "mine");
    expect(decodeMessagePack(encodeMessagePack(1))).to.equal(1);
  });
});

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}
