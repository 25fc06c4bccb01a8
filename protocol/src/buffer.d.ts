declare global {
  /**
   * Methods that every Buffer of Node.js has had since its first versions, and that its types leave
   * out: `toString` and `write` without the lookup of the encoding's name.
   */
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
    latin1Write(text: string, at: number, length?: number): number;
    utf8Write(text: string, at: number, length?: number): number;
  }
}

export {};
