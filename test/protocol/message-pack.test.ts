import { expect } from "chai";
import fc from "fast-check";
import { Packr } from "msgpackr";

import {
  checkMessagePack,
  decodeMessagePack,
  decodePayloadMap,
  encodeMessagePack,
  keysMax,
} from "@thynapse/protocol";
import { damagedBytes, joinedPieces, randomBytes, values } from "./message-pack-bytes.js";
import { readSlowly, type Verdict } from "./message-pack-oracle.js";
import { expectRefusal, refusalOf } from "./refusal.js";
import { fromHex } from "./vectors.js";

const runs = { numRuns: 4000 };

describe("MessagePack bounds", () => {
  for (const [what, bytes] of [
    ["random bytes", randomBytes],
    ["pieces of values", joinedPieces],
    ["damaged values", damagedBytes],
    ["values", values.map((value) => encodeMessagePack(value))],
  ] as const) {
    it(`judge ${what} as the slow reader does: the same end, or the same code`, () => {
      fc.assert(
        fc.property(bytes, (input) => {
          expect(checkVerdict(input)).to.deep.equal(withoutValue(readSlowly(input)));
        }),
        runs,
      );
    });

    it(`let a decoder accept of ${what} exactly what passes, with the value it has`, () => {
      fc.assert(
        fc.property(bytes, (input) => {
          const slow = readSlowly(input);
          const whole = "code" in slow || slow.end === input.length;
          if (whole) expect(undated(decodeVerdict(input))).to.deep.equal(undated(slow));
          else expect(decodeVerdict(input)).to.deep.equal({ code: "BAD_PAYLOAD" });
        }),
        runs,
      );
    });
  }

  it("hold for a value in the middle of other bytes, and see nothing behind its end", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeMessagePack(value);
        const around = Buffer.concat([fromHex("c1c1"), bytes, fromHex("00c1")]);
        const end = 2 + bytes.length;
        expect(checkMessagePack(around, 2, around.length)).to.equal(end);
        expect(checkMessagePack(around, 2, end)).to.equal(end);
        expect(decodeMessagePack(around, 2, end)).to.deep.equal(value);
        expect(codeOf(() => checkMessagePack(around, 2, end - 1))).to.equal("BAD_PAYLOAD");
        expect(codeOf(() => decodeMessagePack(around, 2, end - 1))).to.equal("BAD_PAYLOAD");
      }),
    );
  });

  it("do not trust an end that lies behind the bytes", () => {
    expect(codeOf(() => checkMessagePack(fromHex("a261"), 0, 4))).to.equal("BAD_PAYLOAD");
    expect(codeOf(() => decodeMessagePack(fromHex("a261"), 0, 3))).to.equal("BAD_PAYLOAD");
    expect(codeOf(() => decodeMessagePack(fromHex("c0"), 1, 1))).to.equal("BAD_PAYLOAD");
  });

  it("read no count and no kind of extension from behind the end", () => {
    for (const hex of ["ddffffffff", "dfffffffff", "c70cff", "c70c01", "d601", "d7ff", "dcff"]) {
      const bytes = fromHex(hex);
      for (let end = 1; end < bytes.length; end++) {
        expectRefusal({ code: "BAD_PAYLOAD", message: "ends early" }, () =>
          checkMessagePack(bytes, 0, end),
        );
      }
    }
  });

  it("take no integer for a key, also where its bytes could be read as the head of a string", () => {
    for (const kind of ["19", "39", "59", "79", "99", "f9"]) {
      const bytes = fromHex(`81${kind}016101`);
      const message = "map keys must be strings";
      expectRefusal({ code: "BAD_PAYLOAD", message }, () => decodeMessagePack(bytes));
    }
  });

  it("allow 64 levels and refuse 65, however many follow", () => {
    for (const levels of [65, 1000, 1_000_000]) {
      const bytes = Buffer.alloc(levels, 0x91);
      expect(codeOf(() => checkMessagePack(bytes, 0, levels))).to.equal("TOO_DEEP");
      expect(codeOf(() => decodeMessagePack(bytes))).to.equal("TOO_DEEP");
    }
    const deepest = Buffer.concat([Buffer.alloc(63, 0x91), fromHex("90")]);
    expect(checkMessagePack(deepest, 0, 64)).to.equal(64);
  });

  it("allow as many keys as the limit and refuse one more, in one map or in many", () => {
    expect(decodeMessagePack(mapOf(keysMax))).to.have.property(`k${keysMax - 1}`);
    expect(codeOf(() => decodeMessagePack(mapOf(keysMax + 1)))).to.equal("TOO_MANY_KEYS");
    const maps = Array.from({ length: keysMax + 1 }, () => fromHex("81a000"));
    const many = Buffer.concat([fromHex("dc2711"), ...maps]);
    expect(codeOf(() => checkMessagePack(many, 0, many.length))).to.equal("TOO_MANY_KEYS");
  });

  it("can be drawn closer by the caller", () => {
    const bytes = encodeMessagePack({ a: { b: { c: 1 } } });
    const check = (limits: object) => checkMessagePack(bytes, 0, bytes.length, limits);

    expect(check({ depthMax: 3, keysMax: 3 })).to.equal(bytes.length);
    expect(codeOf(() => check({ depthMax: 2 }))).to.equal("TOO_DEEP");
    expect(codeOf(() => check({ keysMax: 2 }))).to.equal("TOO_MANY_KEYS");
  });

  it("cannot be drawn so wide that the check itself would overflow", () => {
    const bytes = Buffer.alloc(100_000, 0x91);

    expect(codeOf(() => checkMessagePack(bytes, 0, bytes.length, { depthMax: Infinity }))).to.equal(
      "TOO_DEEP",
    );
  });

  it("accept exactly the texts that a strict UTF-8 decoder accepts", () => {
    const strict = new TextDecoder("utf-8", { fatal: true });
    // Where the meaning of a second byte changes, on both sides of each edge.
    const edges = fromHex("00417f808f909fa0bfc0ff");
    for (let first = 0x80; first < 0x100; first++) {
      for (const second of edges) {
        for (const tail of ["", "80", "8080", "80808080", "c3a9"]) {
          const text = Buffer.concat([Buffer.from([first, second]), fromHex(tail)]);
          const bytes = Buffer.concat([Buffer.from([0xa0 + text.length]), text]);
          const expected = succeeds(() => strict.decode(text));
          const checked = succeeds(() => checkMessagePack(bytes, 0, bytes.length));
          if (checked !== expected) expect(checked, text.toString("hex")).to.equal(expected);
        }
      }
    }
  });
});

describe("MessagePack decoder", () => {
  const msgpackr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

  it("reads what another implementation writes", () => {
    fc.assert(
      fc.property(values.filter(isPlain), (value) => {
        const bytes = Buffer.from(msgpackr.pack(value));
        expect(decodeMessagePack(bytes)).to.deep.equal(value);
      }),
    );
  });

  it("keeps keys apart that fall on the same place in its table of keys", () => {
    const alike = ["axbxc", "aybyc", "azbzc"];
    for (let round = 0; round < 3; round++) {
      for (const key of alike) {
        expect(decodeMessagePack(encodeMessagePack({ [key]: round }))).to.deep.equal({
          [key]: round,
        });
      }
    }
  });

  it("keeps keys apart whatever was read before", () => {
    const keys = fc.string({ unit: fc.constantFrom("a", "b", "é"), maxLength: 6 });
    fc.assert(
      fc.property(fc.uniqueArray(keys, { maxLength: 15 }), (names) => {
        const map = Object.fromEntries(names.map((name, i) => [name, i]));
        expect(decodeMessagePack(encodeMessagePack(map))).to.deep.equal(map);
      }),
      runs,
    );
  });

  it("refuses __proto__ each time, and changes no prototype", () => {
    for (let round = 0; round < 3; round++) {
      const bytes = fromHex("81a95f5f70726f746f5f5f81a17801");
      expect(codeOf(() => decodeMessagePack(bytes))).to.equal("BAD_PAYLOAD");
    }
    expect(({} as { x?: number }).x).to.equal(undefined);
  });

  it("gives binary as a view on the bytes it stands in", () => {
    const bytes = fromHex("92c403010203c0");

    const [binary] = decodeMessagePack(bytes) as [Buffer];

    expect(binary.buffer).to.equal(bytes.buffer);
    expect(binary).to.deep.equal(fromHex("010203"));
  });

  it("reads any Uint8Array, wherever that begins in its memory", () => {
    const bytes = new Uint8Array([0xc1, 0xc1, 0x92, 0xa1, 0x61, 0xcb, 63, 248, 0, 0, 0, 0, 0, 0]);

    expect(decodeMessagePack(bytes.subarray(2))).to.deep.equal(["a", 1.5]);
  });
});

describe("MessagePack payload", () => {
  for (const [what, hex, message] of [
    ["an array", "90", "expected a map, got array"],
    ["nil", "c0", "expected a map, got null"],
    ["a string", "a161", "expected a map, got string"],
    ["a number", "07", "expected a map, got number"],
    ["binary", "c40100", "expected a map, got bytes"],
    ["a timestamp", "d6ff00000000", "expected a map, got timestamp"],
    ["nothing", "", "empty payload"],
    ["JSON", Buffer.from('{"a":1}').toString("hex"), "did you mean encoding J?"],
    ["two maps", "8080", "1 bytes after the value"],
  ] as const) {
    it(`is not ${what}`, () => {
      expectRefusal({ code: "BAD_PAYLOAD", message }, () => decodePayloadMap(fromHex(hex)));
    });
  }

  it("is one map with string keys", () => {
    expect(decodePayloadMap(encodeMessagePack({ a: 1 }))).to.deep.equal({ a: 1 });
  });

  it("is at most 1 MiB, or what the caller says", () => {
    const map = (size: number): Buffer => {
      const head = fromHex("81a161c600000000");
      head.writeUInt32BE(size - head.length, 4);
      return Buffer.concat([head, Buffer.alloc(size - head.length)]);
    };

    expect(decodePayloadMap(map(1 << 20))).to.have.property("a");
    expect(codeOf(() => decodePayloadMap(map((1 << 20) + 1)))).to.equal("TOO_LARGE");
    expect(codeOf(() => decodePayloadMap(map(100), { bytesMax: 99 }))).to.equal("TOO_LARGE");
    expect(decodePayloadMap(map(1 << 21), { bytesMax: 1 << 21 })).to.have.property("a");
  });
});

type Outcome = { readonly end: number } | { readonly code: string };

function checkVerdict(bytes: Uint8Array): Outcome {
  try {
    return { end: checkMessagePack(bytes, 0, bytes.length) };
  } catch (refusal) {
    return { code: (refusal as { code: string }).code };
  }
}

function decodeVerdict(bytes: Uint8Array): Verdict {
  try {
    return { value: decodeMessagePack(bytes), end: bytes.length };
  } catch (refusal) {
    return { code: (refusal as { code: "INTERNAL" }).code };
  }
}

function withoutValue(verdict: Verdict): Outcome {
  return "code" in verdict ? verdict : { end: verdict.end };
}

function codeOf(act: () => unknown): string {
  return refusalOf(act).code;
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function mapOf(count: number): Buffer {
  const pairs = Array.from({ length: count }, (_, i) => {
    const key = Buffer.from(`k${i}`);
    return Buffer.concat([Buffer.from([0xa0 + key.length]), key, fromHex("c0")]);
  });
  const head = fromHex("de0000");
  head.writeUInt16BE(count, 1);
  return Buffer.concat([head, ...pairs]);
}

/** Without what the other implementation writes in a way of its own. */
function isPlain(value: unknown): boolean {
  if (typeof value === "bigint" || value instanceof Date) return false;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  return Object.values(value).every(isPlain);
}

/** Far outside the years that people use, two readers of 12-byte timestamps differ by rounding. */
function undated(value: unknown): unknown {
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return value.map(undated);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, undated(item)]));
}
