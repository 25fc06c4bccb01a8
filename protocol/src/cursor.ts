import { checkMessagePack } from "./bounds.js";
import { type ErrorCode, MeshError, toMeshError } from "./errors.js";
import { type Thid, thidFromBytes } from "./thid.js";

/**
 * Reads MessagePack of known shape, value by value, without building objects. Hot path: guarded by
 * `bench/micro/run`.
 *
 * Every method checks what it reads and moves `at` behind it; a wrong kind or an early end throws
 * the cursor's code.
 */
export class MessagePackCursor {
  readonly bytes: Buffer;
  at: number;
  private readonly code: ErrorCode;

  constructor(bytes: Buffer, at: number, code: ErrorCode) {
    this.bytes = bytes;
    this.at = at;
    this.code = code;
  }

  /** Throws the cursor's code with the position. */
  fail(what: string): never {
    throw new MeshError(this.code, `${what} (at byte ${this.at})`);
  }

  byte(): number {
    if (this.at >= this.bytes.length) this.fail("ends early");
    return this.bytes[this.at++] as number;
  }

  /** Moves behind so many bytes, which must be there: every read checks its length by this. */
  advance(length: number): void {
    if (length > this.bytes.length - this.at) this.fail("ends early");
    this.at += length;
  }

  /** An integer 0 … 2^53 − 1; some encoders write it signed. */
  int(): number {
    const kind = this.byte();
    if (kind < 0x80) return kind;
    if (kind === 0xca || kind === 0xcb) this.fail("an integer is expected, not a float");
    if (kind < 0xcc || kind > 0xd3) this.fail("an integer of at least 0 is expected");
    const from = this.at;
    const width = 1 << (kind & 3);
    this.advance(width);
    if (kind >= 0xd0 && (this.bytes[from] as number) > 0x7f) {
      this.fail("an integer of at least 0 is expected");
    }
    if (width === 1) return this.bytes[from] as number;
    if (width === 2) return this.bytes.readUInt16BE(from);
    if (width === 4) return this.bytes.readUInt32BE(from);
    const high = this.bytes.readUInt32BE(from);
    if (high > 0x1f_ffff) this.fail("integers must be ≤ 2^53−1");
    return high * 0x1_0000_0000 + this.bytes.readUInt32BE(from + 4);
  }

  /** The length of a bin; the bytes come next. */
  bin(): number {
    const kind = this.byte();
    const from = this.at;
    if (kind === 0xc4) {
      this.advance(1);
      return this.bytes[from] as number;
    }
    if (kind === 0xc5) {
      this.advance(2);
      return this.bytes.readUInt16BE(from);
    }
    if (kind !== 0xc6) this.fail("bytes (bin) are expected");
    this.advance(4);
    return this.bytes.readUInt32BE(from);
  }

  thid(): Thid {
    if (this.bin() !== 20) this.fail("a THID is 20 bytes");
    const from = this.at;
    this.advance(20);
    return thidFromBytes(this.bytes.subarray(from, from + 20));
  }

  /** The length of a string; its bytes come next. */
  stringHead(): number {
    const kind = this.byte();
    if (kind >= 0xa0 && kind <= 0xbf) return kind & 0x1f;
    if (kind < 0xd9 || kind > 0xdb) this.fail("a string is expected");
    const from = this.at;
    const width = 1 << (kind - 0xd9);
    this.advance(width);
    return this.bytes.readUIntBE(from, width);
  }

  /** A string; bytes beyond ASCII are checked to be UTF-8. */
  string(): string {
    const from = this.at;
    const length = this.stringHead();
    const begin = this.at;
    this.advance(length);
    for (let at = begin; at < this.at; at++) {
      if ((this.bytes[at] as number) > 0x7f) {
        checkMessagePack(this.bytes, from, this.at);
        return this.bytes.utf8Slice(begin, this.at);
      }
    }
    return this.bytes.latin1Slice(begin, this.at);
  }

  array(): number {
    return this.collection(0x90, 0xdc, "an array");
  }

  map(): number {
    return this.collection(0x80, 0xde, "a map");
  }

  /** Skips one value of any kind, checked by the bounds of §3.6. */
  skipValue(): void {
    try {
      this.at = checkMessagePack(this.bytes, this.at, this.bytes.length);
    } catch (thrown) {
      const error = toMeshError(thrown);
      throw error.code === "BAD_PAYLOAD" ? new MeshError(this.code, error.message) : error;
    }
  }

  private collection(fix: number, wide: number, what: string): number {
    const kind = this.byte();
    if (kind >= fix && kind <= fix + 15) return kind & 0x0f;
    const from = this.at;
    if (kind !== wide && kind !== wide + 1) this.fail(`${what} is expected`);
    this.advance(kind === wide ? 2 : 4);
    const count = kind === wide ? this.bytes.readUInt16BE(from) : this.bytes.readUInt32BE(from);
    if (count > this.bytes.length - this.at) this.fail(`${what} of ${count} ends early`);
    return count;
  }
}
