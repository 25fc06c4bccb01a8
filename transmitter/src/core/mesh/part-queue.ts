/** Parts that wait, in order; bounded in bytes by the owner. */
export class PartQueue {
  private parts: (Buffer | undefined)[] = [];
  private front = 0;
  private heldBytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.heldBytes;
  }

  get length(): number {
    return this.parts.length - this.front;
  }

  get empty(): boolean {
    return this.front === this.parts.length;
  }

  /** The part at this place, counted from the one that has waited longest. */
  at(index: number): Buffer | undefined {
    return this.parts[this.front + index];
  }

  push(part: Buffer): void {
    this.parts.push(part);
    this.heldBytes += part.length;
  }

  /** Takes so many parts from the front. */
  shift(count = 1): void {
    const end = this.front + count;
    for (; this.front < end; this.front++) {
      this.heldBytes -= this.parts[this.front]?.length ?? 0;
      this.parts[this.front] = undefined;
    }
    // Moving the rest costs as much as the places that it frees.
    if (this.front * 2 < this.parts.length) return;
    this.parts = this.parts.slice(this.front);
    this.front = 0;
  }

  clear(): void {
    this.parts = [];
    this.front = 0;
    this.heldBytes = 0;
  }
}
