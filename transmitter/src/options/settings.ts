import { isDeepStrictEqual } from "node:util";
import type { OptionRow } from "./option-row.js";
import { transmitterOptions } from "./option-table.js";
import { type ResolvedOptions, resolveTransmitter, type TransmitterOptions } from "./options.js";

/** What became of options that were given again, each by its name. */
export interface Reloaded {
  /** Options that have other values from now on. */
  readonly changed: readonly string[];
  /** Options that keep the value of the start, whatever was given: they need a restart. */
  readonly kept: readonly string[];
}

/** The options of a transmitter that runs: some can be given again. */
export class Settings {
  private options: ResolvedOptions;

  constructor(options: ResolvedOptions) {
    this.options = options;
  }

  get current(): ResolvedOptions {
    return this.options;
  }

  /**
   * Takes options as a start would; those that may not change while it runs are left as they are.
   *
   * @throws {MeshError} `BAD_OPTION`; nothing has changed then.
   */
  reload(input: TransmitterOptions): Reloaded {
    const { options } = this;
    // An id that was drawn is drawn once.
    const wanted = resolveTransmitter({ id: options.id, ...input });
    const others = transmitterOptions.filter(({ name }) => {
      return !isDeepStrictEqual(valueOf(options, name), valueOf(wanted, name));
    });
    const changed = others.filter(isLive).map(({ name }) => name);
    const news = changed.map((name) => [name, valueOf(wanted, name)]);
    this.options = { ...options, ...(Object.fromEntries(news) as Partial<ResolvedOptions>) };
    return { changed, kept: others.filter((row) => !isLive(row)).map(({ name }) => name) };
  }
}

function isLive({ isLive: may = false }: OptionRow): boolean {
  return may;
}

function valueOf(options: ResolvedOptions, name: string): unknown {
  return (options as unknown as Record<string, unknown>)[name];
}
