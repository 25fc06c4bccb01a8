import { anyBytes, type Dice, oneIn, pick } from "./dice.js";
import { encodeSaid, type Said, drawCommand, type Voice } from "./said.js";

/** Values that have broken a program somewhere. */
const hostileValues: readonly unknown[] = [
  null,
  true,
  "",
  "5s",
  "\u0000\u001b[2J\r\nFAKE LOG",
  "é\u200b",
  "x".repeat(300),
  "a".repeat(70_000),
  "__proto__",
  "$mesh.status",
  "0".repeat(40),
  -1,
  0,
  1.5,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2n ** 64n - 1n,
  [],
  [[]],
  [null, null, null],
  Array.from({ length: 1001 }, () => 0),
  {},
  { toString: 1, hasOwnProperty: 2, valueOf: null },
  { length: -1, then: 1 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  Buffer.alloc(20, 7),
  Buffer.alloc(0),
  new Date(0),
  nested(70),
];

/** Bytes that begin, end or break something in JSON or MessagePack. */
const hostileBytes: readonly Buffer[] = [
  "c1 dc0000 dd00000000 ddffffffff dfffffffff c6ffffffff dbffffffff cfffffffffffffffff",
  "cb7ff8000000000000 d3ffffffffffffffff d6ff00000000 c70cff c7036900 d47000 d87300 80 90 a0 c0",
  "a95f5f70726f746f5f5f d9095f5f70726f746f5f5f a2c0af a3eda080 00 ff 7b 7d 5b 5d 22 2c 3a 5c 27",
  "efbbbf fffe 227b7d22 6e756c6c 4e614e 2d 2e65 5c7564383030 2f2a2a2f",
].flatMap((row) => row.split(" ").map((hex) => Buffer.from(hex, "hex")));

/** Draws the bytes of a command that was right before something in it was changed. */
export function drawDamaged(dice: Dice, voice: Voice): Buffer {
  const said = drawCommand(dice, voice);
  if (oneIn(dice, 2)) return damageBytes(dice, encodeSaid(voice.encoding, said));
  try {
    return encodeSaid(voice.encoding, damageValues(dice, said));
  } catch {
    // What no encoder writes, the damage to the bytes makes.
    return damageBytes(dice, encodeSaid(voice.encoding, said));
  }
}

/** Draws bytes without sense, often behind a head that has some, so that they get further. */
export function drawNonsense(dice: Dice): Buffer {
  const payload = oneIn(dice, 2) ? anyBytes(dice, 80) : hostileRow(dice);
  const command = pick(dice, ["HELO", "CTCH", "EVNT", "SETL", "BEAT", "RPLY", "WLCM", "NOPE"]);
  if (oneIn(dice, 3)) return payload;
  return Buffer.concat([Buffer.from(`${pick(dice, ["J", "M"])} ${command} `), payload]);
}

/** Changes bytes: one, a few, the end, or the order. */
export function damageBytes(dice: Dice, bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes);
  const at = dice.roll(damaged.length + 1);
  const rest = damaged.subarray(at);
  switch (dice.roll(7)) {
    case 0:
      return damaged.subarray(0, at);
    case 1:
      return Buffer.concat([damaged.subarray(0, at), pick(dice, hostileBytes), rest]);
    case 2:
      return Buffer.concat([damaged.subarray(0, at), anyBytes(dice, 8), rest]);
    case 3:
      return Buffer.concat([damaged, rest]);
    case 4:
      return Buffer.concat([damaged.subarray(0, at), rest.subarray(dice.roll(8) + 1)]);
    default:
      for (let flips = 1 + dice.roll(3); flips > 0; flips--) {
        damaged[dice.roll(damaged.length)] = dice.roll(256);
      }
      return damaged;
  }
}

function hostileRow(dice: Dice): Buffer {
  return Buffer.concat(Array.from({ length: 1 + dice.roll(8) }, () => pick(dice, hostileBytes)));
}

/** Puts a hostile value somewhere into the maps and lists of a command. */
function damageValues(dice: Dice, { command, values }: Said): Said {
  return { command, values: damageList(dice, values) };
}

function damageValue(dice: Dice, value: unknown): unknown {
  if (oneIn(dice, 4) || typeof value !== "object" || value === null || Buffer.isBuffer(value)) {
    return pick(dice, hostileValues);
  }
  if (Array.isArray(value)) return damageList(dice, value);
  const entries = Object.entries(value);
  if (entries.length === 0 || oneIn(dice, 8)) {
    return {
      ...value,
      [pick(dice, ["x", "ref", "toString", "seq", "ask"])]: pick(dice, hostileValues),
    };
  }
  const [key, inner] = pick(dice, entries);
  if (!oneIn(dice, 8)) return { ...value, [key]: damageValue(dice, inner) };
  return Object.fromEntries(entries.filter(([name]) => name !== key));
}

function damageList(dice: Dice, values: readonly unknown[]): unknown[] {
  if (values.length === 0) return [pick(dice, hostileValues)];
  const at = dice.roll(values.length);
  return values.map((value, index) => (index === at ? damageValue(dice, value) : value));
}

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}
