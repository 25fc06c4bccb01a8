/**
 * Parts that wait because the pipe to their connection is full: in order, bounded in bytes by the
 * owner.
 */
export class PeerQueue {
  private parts: Buffer[] = [];
  private head = 0;
  private heldBytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.heldBytes;
  }

  get empty(): boolean {
    return this.head === this.parts.length;
  }

  /** The part that has waited longest. */
  get first(): Buffer | undefined {
    return this.parts[this.head];
  }

  push(part: Buffer): void {
    this.parts.push(part);
    this.heldBytes += part.length;
  }

  /** Takes the first part out. */
  shift(): void {
    this.heldBytes -= this.parts[this.head]?.length ?? 0;
    this.head++;
    // Taking from the front of a long array costs its length; once in a while is cheap enough.
    if (this.head < 1024 && this.head < this.parts.length) return;
    this.parts = this.parts.slice(this.head);
    this.head = 0;
  }

  clear(): void {
    this.parts = [];
    this.head = 0;
    this.heldBytes = 0;
  }
}
