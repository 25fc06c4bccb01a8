/** Which numbers of one sender have come, where a log of all of them would be too long. */
export class Marks {
  /** Numbers that came more than once. */
  doubles = 0;
  /** Numbers that came behind a higher one. */
  disordered = 0;
  /** One bit for each number. */
  readonly seen: Uint8Array;
  private highest = 0;

  /** @param max the highest number that can come. */
  constructor(max: number) {
    // Filled, so that the memory is there from the start and does not look like growth.
    this.seen = new Uint8Array((max >> 3) + 1).fill(255).fill(0);
  }

  mark(seq: number): void {
    const bit = 1 << (seq & 7);
    const byte = this.seen[seq >> 3] as number;
    if ((byte & bit) !== 0) this.doubles++;
    else this.seen[seq >> 3] = byte | bit;
    if (seq < this.highest) this.disordered++;
    else this.highest = seq;
  }
}
