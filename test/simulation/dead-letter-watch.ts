import type { DeadLetter } from "../../transmitter/dist/core/groups/dead-letters.js";
import type { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import type { Surroundings } from "./surroundings.js";

interface Letters {
  get(letter: number): DeadLetter | undefined;
}

/**
 * Logs each event that a group gives up. It reads the letters themselves, because the system events
 * that tell of them may be lost with a connection, and the checker must know.
 */
export class DeadLetterWatch {
  private readonly letters: Letters;
  private readonly around: Surroundings;
  private next = 1;

  constructor(core: TransmitterCore, around: Surroundings) {
    this.letters = (core as unknown as { readonly deadLetters: Letters }).deadLetters;
    this.around = around;
  }

  look(): void {
    for (let letter = this.letters.get(this.next); letter !== undefined; ) {
      const { run, service, pattern } = letter;
      const id = `${run.header.sender}:${run.seqAt(0)}`;
      this.around.log({ id, action: "dead", service, pattern });
      letter = this.letters.get(++this.next);
    }
  }
}
