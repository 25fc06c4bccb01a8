/** A figure, and what it must be. */
export interface Claim {
  readonly what: string;
  readonly isTrue: boolean;
}

/** Claims that something is so. */
export function claim(what: string, isTrue: boolean): Claim {
  return { what, isTrue };
}

/** Prints a line for people. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Says milliseconds as people do. */
export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

/** Says a part of a whole in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}
