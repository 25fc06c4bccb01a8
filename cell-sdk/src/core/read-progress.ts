/** After so much of a stream the cell says how far it has come. */
const progressBytes = 1024 * 1024;
const progressMessages = 64;

/** When a cell says how far it has come on a stream, between heartbeats. @see PROTOCOL.md §8.10 */
export class ReadProgress {
  private toldLast = 0;
  private unsaidBytes = 0;
  private unsaidMessages = 0;

  /** Something was read: a message, or nothing but room was made. */
  read(bytes: number): void {
    this.unsaidBytes += bytes;
    if (bytes > 0) this.unsaidMessages++;
  }

  /** Whether it is much since it was said last. */
  get isMuch(): boolean {
    return this.unsaidBytes >= progressBytes || this.unsaidMessages >= progressMessages;
  }

  /** @returns false if that was said already. */
  tell(last: number): boolean {
    if (last === this.toldLast) return false;
    this.toldLast = last;
    this.unsaidBytes = 0;
    this.unsaidMessages = 0;
    return true;
  }
}
