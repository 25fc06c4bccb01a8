import fc from "fast-check";

import { encodeMessagePack } from "@thynapse/protocol";

/** First bytes that begin something interesting, so that random bytes get further than one value. */
const kinds = [
  0x00, 0x7f, 0x80, 0x81, 0x82, 0x8f, 0x90, 0x91, 0x92, 0x9f, 0xa0, 0xa1, 0xa2, 0xa9, 0xbf, 0xc0,
  0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0,
  0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0,
  0xff, 0x01, 0x02, 0x0c, 0x41, 0xe2, 0xed, 0xf0, 0xf4,
] as const;

/** Bytes with the head of some format more often than chance would have it. */
export const randomBytes = fc
  .array(fc.oneof(fc.constantFrom(...kinds), fc.nat(255)), { maxLength: 60 })
  .map((bytes) => Buffer.from(bytes));

/** Small pieces, most of them valid, in hex. */
const pieces = [
  ["80", "81", "82", "90", "91", "93", "a0", "a161", "a2c3a9", "a3e29c93", "a2c0af", "d90162"],
  ["a95f5f70726f746f5f5f", "d9095f5f70726f746f5f5f", "c0", "c3", "07", "e0", "cd0100", "c40102"],
  ["d6ff00000001", "d7ff0000000400000001", "c70cff000000010000000000000001", "d40000", "dc0001"],
  ["de0001", "cb7ff8000000000000", "cfffffffffffffffff", "d3ffffffffffffffff", "ddffffffff"],
  ["a4f09f9880", "a3eda080", "da000163", "db0000000164", "c7034001", "c704ff00000000"],
].flat();

/** Pieces joined in any order: nearly valid, or valid with a rest. */
export const joinedPieces = fc
  .array(fc.constantFrom(...pieces), { maxLength: 16 })
  .map((joined) => Buffer.from(joined.join(""), "hex"));

const keys = fc.string({ unit: "grapheme", maxLength: 40 }).filter((key) => key !== "__proto__");

/** Any value that can be sent. */
export const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double().map((value) => value + 0),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(exact),
    fc.string({ maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 20 }).map((map) => ({ ...map })),
  ),
})).value;

/** A value's bytes with one byte changed, cut off, doubled or left out. */
export const damagedBytes = fc
  .tuple(values, fc.constantFrom("change", "cut", "double", "drop"), fc.nat(), fc.nat(255))
  .map(([value, damage, position, byte]) => {
    const bytes = Buffer.from(encodeMessagePack(value));
    const at = position % bytes.length;
    if (damage === "cut") return bytes.subarray(0, at);
    if (damage === "change") bytes[at] = byte;
    const from = damage === "drop" ? at + 1 : damage === "double" ? Math.max(0, at - 1) : at;
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from)]);
  });

/** As decoding gives it: a bigint only where a number would not be exact. */
function exact(value: bigint): bigint | number {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
