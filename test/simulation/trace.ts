/** Of the id of an event, so many characters: its number and something of its sender. */
const tailLength = 10;

/**
 * A hash over everything that was read and logged in a run, in order: two runs with the same one
 * are the same run.
 */
export class Trace {
  private high = 0x811c9dc5;
  private low = 0x01000193;

  add(timeMs: number, who: string, bytes: Uint8Array): void {
    this.word(Math.round(timeMs * 1e6) | 0);
    this.text(who);
    this.word(bytes.length);
    const step = Math.max(1, bytes.length >> 5);
    for (let at = 0; at < bytes.length; at += step) this.word(bytes[at] as number);
  }

  note(timeMs: number, what: string, id: string): void {
    this.word(Math.round(timeMs * 1e6) | 0);
    this.text(what);
    this.text(id.slice(-tailLength));
  }

  get digest(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.high) + hex(this.low);
  }

  private text(text: string): void {
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
  }

  private word(word: number): void {
    this.high = Math.imul(this.high ^ word, 0x01000193);
    this.low = Math.imul(this.low + (this.high ^ (this.high >>> 15)), 0x85ebca6b) | 0;
  }
}
