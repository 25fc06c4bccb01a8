/** What comes out of a connection that speaks ZMTP: whole pieces, of which messages may be moved. */
export interface Piece {
  readonly bytes: Buffer;
  /** A whole message; otherwise a greeting or a command, which has its place. */
  readonly isMessage: boolean;
}

const greetingBytes = 64;
/** Flags of a frame, by ZMTP 3. */
const [more, long, command] = [1, 2, 4] as const;

/** Cuts what one side of a ZMTP connection says into whole pieces. */
export class ZmtpMessages {
  private left: Buffer = Buffer.alloc(0);
  /** Bytes of the greeting that have not come. They go on as they come: each side waits for some of the other's. */
  private greetingLeft = greetingBytes;
  /** Frames of a message that goes on, in bytes from the beginning of `left`. */
  private framed = 0;

  /** Takes what came, and returns what is whole now. */
  take(bytes: Buffer): Piece[] {
    this.left = Buffer.concat([this.left, bytes]);
    const pieces: Piece[] = [];
    for (let piece = this.next(); piece !== undefined; piece = this.next()) pieces.push(piece);
    return pieces;
  }

  private next(): Piece | undefined {
    if (this.greetingLeft > 0) {
      const size = Math.min(this.greetingLeft, this.left.length);
      this.greetingLeft -= size;
      return size === 0 ? undefined : { bytes: this.cut(size), isMessage: false };
    }
    for (;;) {
      const size = sizeOf(this.left, this.framed);
      if (size === undefined || this.framed + size > this.left.length) return undefined;
      const flags = this.left[this.framed]!;
      this.framed += size;
      if ((flags & more) !== 0) continue;
      return { bytes: this.cut(this.framed), isMessage: (flags & command) === 0 };
    }
  }

  private cut(size: number): Buffer {
    const bytes = this.left.subarray(0, size);
    this.left = this.left.subarray(size);
    this.framed = 0;
    return bytes;
  }
}

/** The size of the frame that begins at `at`, its head included; `undefined` if it cannot be told yet. */
function sizeOf(bytes: Buffer, at: number): number | undefined {
  const flags = bytes[at];
  if (flags === undefined) return undefined;
  if ((flags & long) === 0) return at + 1 < bytes.length ? 2 + bytes[at + 1]! : undefined;
  return at + 9 <= bytes.length ? 9 + Number(bytes.readBigUInt64BE(at + 1)) : undefined;
}
