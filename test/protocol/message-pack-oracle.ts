import type { ErrorCode } from "@thynapse/protocol";

/** What the oracle makes of bytes: a value and where it ends, or the code of the first fault. */
export type Verdict =
  | { readonly value: unknown; readonly end: number }
  | { readonly code: ErrorCode };

class Fault {
  readonly code: ErrorCode;
  constructor(code: ErrorCode) {
    this.code = code;
  }
}

/**
 * Reads one MessagePack value the slow way: a copy of the rest for each step, one case per format
 * of the specification, strict text decoding by the platform. What is fast is compared with this.
 */
export function readSlowly(bytes: Uint8Array): Verdict {
  const reader = new SlowReader(bytes);
  try {
    const value = reader.value(0);
    return { value, end: bytes.length - reader.rest.length };
  } catch (fault) {
    if (fault instanceof Fault) return { code: fault.code };
    throw fault;
  }
}

class SlowReader {
  rest: Uint8Array;
  private keys = 0;

  constructor(bytes: Uint8Array) {
    this.rest = Uint8Array.from(bytes);
  }

  value(depth: number): unknown {
    const kind = this.uint(1);
    if (kind <= 0x7f) return kind;
    if (kind <= 0x8f) return this.map(kind - 0x80, depth);
    if (kind <= 0x9f) return this.array(kind - 0x90, depth);
    if (kind <= 0xbf) return this.text(kind - 0xa0);
    if (kind >= 0xe0) return kind - 0x100;
    switch (kind) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Buffer.from(this.take(this.uint(2 ** (kind - 0xc4))));
      case 0xc7: {
        const length = this.uint(1);
        if (length !== 12) return this.refuse();
        return this.timestamp(12);
      }
      case 0xca:
        return this.view(4).getFloat32(0);
      case 0xcb:
        return this.view(8).getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return exact(this.big(2 ** (kind - 0xcc), false));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return exact(this.big(2 ** (kind - 0xd0), true));
      case 0xd6:
        return this.timestamp(4);
      case 0xd7:
        return this.timestamp(8);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.uint(2 ** (kind - 0xd9)));
      case 0xdc:
        return this.array(this.uint(2), depth);
      case 0xdd:
        return this.array(this.uint(4), depth);
      case 0xde:
        return this.map(this.uint(2), depth);
      case 0xdf:
        return this.map(this.uint(4), depth);
      default:
        return this.refuse();
    }
  }

  private refuse(): never {
    throw new Fault("BAD_PAYLOAD");
  }

  private peek(): number | undefined {
    return this.rest[0];
  }

  private take(length: number): Uint8Array {
    if (length > this.rest.length) throw new Fault("BAD_PAYLOAD");
    const taken = this.rest.slice(0, length);
    this.rest = this.rest.slice(length);
    return taken;
  }

  private view(length: number): DataView {
    return new DataView(this.take(length).buffer);
  }

  private big(width: number, signed: boolean): bigint {
    const hex = Buffer.from(this.take(width)).toString("hex");
    const value = BigInt(`0x${hex}`);
    return signed ? BigInt.asIntN(8 * width, value) : value;
  }

  private uint(width: number): number {
    return Number(this.big(width, false));
  }

  private text(length: number): string {
    const bytes = this.take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Fault("BAD_PAYLOAD");
    }
  }

  private timestamp(length: number): Date {
    if (this.uint(1) !== 0xff) throw new Fault("BAD_PAYLOAD");
    let seconds: bigint;
    let nanoseconds = 0n;
    if (length === 4) seconds = this.big(4, false);
    else if (length === 8) {
      const both = this.big(8, false);
      nanoseconds = both >> 34n;
      seconds = both % 2n ** 34n;
    } else {
      nanoseconds = this.big(4, false);
      seconds = this.big(8, true);
    }
    const date = new Date(Number(seconds * 1000n + nanoseconds / 1_000_000n));
    if (nanoseconds > 999_999_999n || Number.isNaN(date.getTime())) throw new Fault("BAD_PAYLOAD");
    return date;
  }

  private array(length: number, depth: number): unknown[] {
    this.enter(length, length, depth);
    return Array.from({ length }, () => this.value(depth + 1));
  }

  private map(length: number, depth: number): Record<string, unknown> {
    this.keys += length;
    this.enter(length, 2 * length, depth);
    const map: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const kind = this.peek() ?? 0xa0;
      const isText = (kind >= 0xa0 && kind <= 0xbf) || (kind >= 0xd9 && kind <= 0xdb);
      if (!isText) throw new Fault("BAD_PAYLOAD");
      const key = this.value(depth + 1) as string;
      if (key === "__proto__") throw new Fault("BAD_PAYLOAD");
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  private enter(count: number, values: number, depth: number): void {
    if (depth >= 64) throw new Fault("TOO_DEEP");
    if (values > this.rest.length) {
      throw new Fault(count > 1024 * 1024 ? "TOO_LARGE" : "BAD_PAYLOAD");
    }
    if (this.keys > 10_000) throw new Fault("TOO_MANY_KEYS");
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
