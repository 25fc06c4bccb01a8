import type { Logger } from "pino";

type Level = "debug" | "info" | "warn" | "error";

interface Lines {
  readonly level: Level;
  readonly text: string;
}

/** Keeps log lines for a test to look at: of pino's surface what this code uses. */
export class FakeLogger {
  private readonly kept: Lines[] = [];

  constructor() {
    for (const level of ["debug", "info", "warn", "error"] as const) {
      Object.defineProperty(this, level, {
        value: (fields: object, message: string) => {
          this.kept.push({ level, text: `${message} ${JSON.stringify(fields)}` });
        },
      });
    }
  }

  /** Lines of one level, oldest first. */
  lines(level: Level): string[] {
    return this.kept.filter((line) => line.level === level).map(({ text }) => text);
  }

  /** Itself, as what takes a logger wants it. */
  get asLogger(): Logger {
    return this as unknown as Logger;
  }
}
