/** Something that was given up because it had not ended by itself. */
export class Overdue extends Error {}

/** A time within which all steps of something must end. It begins at once, and holds until it is lifted. */
export class Limit {
  readonly #ms: number;
  readonly #timer: NodeJS.Timeout;
  #giveUp: () => void = () => {};

  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = setTimeout(() => this.#giveUp(), ms);
  }

  /**
   * What `step` comes to. One step at a time.
   *
   * @throws {Overdue} that names the step, if the time ends before it.
   */
  of<Result>(name: string, step: Promise<Result>): Promise<Result> {
    // Nobody waits for a step that was given up.
    step.catch(() => {});
    const overdue = new Promise<never>((_, reject) => {
      this.#giveUp = () =>
        reject(new Overdue(`did not end within ${this.#ms / 1_000} s: it was ${name}`));
    });
    return Promise.race([step, overdue]);
  }

  lift(): void {
    clearTimeout(this.#timer);
  }
}
