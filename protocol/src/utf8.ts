/**
 * Tells whether `bytes` from `start` to `end` are UTF-8 by the strict rules of Unicode: no overlong
 * form, no surrogate, nothing above U+10FFFF, nothing cut off.
 *
 * ```text
 * 00–7F                              one byte
 * C2–DF  80–BF                       two
 * E0–EF  80–BF  80–BF                three; after E0 A0–BF, after ED 80–9F
 * F0–F4  80–BF  80–BF  80–BF         four; after F0 90–BF, after F4 80–8F
 * ```
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || at + length > end) return false;
    if (!isSecondByte(lead, bytes[at + 1]!)) return false;
    for (let i = 2; i < length; i++) {
      if ((bytes[at + i]! & 0xc0) !== 0x80) return false;
    }
    at += length;
  }
  return true;
}

/** The second byte is where overlong forms, surrogates and too high values show. */
function isSecondByte(lead: number, second: number): boolean {
  const first = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const last = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return second >= first && second <= last;
}
