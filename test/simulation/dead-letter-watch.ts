import type { DeadLetter, DeadLetters } from "../../transmitter/dist/core/groups/dead-letters.js";
import type { TransmitterCore } from "../../transmitter/dist/core/transmitter-core.js";
import type { Surroundings } from "./surroundings.js";

/**
 * Logs each event that a group gives up. It reads the letters themselves, because the system events
 * that tell of them may be lost with a connection, and the checker must know; and it reads them as
 * they come, because more may come in one turn than are kept.
 */
export class DeadLetterWatch {
  private readonly around: Pick<Surroundings, "log">;
  private readonly unlogged: DeadLetter[] = [];

  constructor(core: TransmitterCore, around: Pick<Surroundings, "log">) {
    this.around = around;
    const { deadLetters } = core as unknown as { readonly deadLetters: DeadLetters };
    const add = deadLetters.add.bind(deadLetters);
    deadLetters.add = (...given) => {
      const letter = add(...given);
      this.unlogged.push(letter);
      return letter;
    };
  }

  look(): void {
    for (const { run, service, pattern } of this.unlogged.splice(0)) {
      const id = `${run.header.sender}:${run.seqAt(0)}`;
      this.around.log({ id, action: "dead", service, pattern });
    }
  }
}
