/** What a value of an option is, and so how its text is read. */
export type OptionKind =
  | "host"
  | "port"
  | "duration"
  | "size"
  | "count"
  | "thid"
  | "segment"
  | "places"
  | "secret"
  | "toggle"
  | "choice";

/** One option of a transmitter: what the resolver, the help and the documentation are made from. */
export interface OptionRow {
  /** Its name in code and in a config file. */
  readonly name: string;
  /** Its flag, without dashes; the variable is `THYNAPSE_` and this in capitals, with `_`. */
  readonly flag: string;
  readonly kind: OptionKind;
  /** Smallest and largest value of a number: ms, bytes, or a count. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** The default; absent if there is none, or `defaultText` says how it is found. */
  readonly fallback?: string | number | boolean;
  readonly defaultText?: string;
  /** Whether it may change while the transmitter runs; others need a restart. */
  readonly isLive?: boolean;
  /** What it does, and what it costs to raise or lower it. */
  readonly doc: string;
}

/** Bytes of a KiB. */
export const kib = 1024;
/** Bytes of a MiB. */
export const mib = 1024 * kib;
/** Bytes of a GiB. */
export const gib = 1024 * mib;
/** Milliseconds of a second. */
export const second = 1000;
/** Milliseconds of a minute. */
export const minute = 60 * second;
/** Milliseconds of an hour. */
export const hour = 60 * minute;

/** Makes a row of a duration: its names, then smallest, largest and default in ms. */
export const durationRow = (
  [name, flag]: readonly [string, string],
  [min, max, fallback]: readonly [number, number, number],
  doc: string,
) => ({ name, flag, kind: "duration", min, max, fallback, doc }) as const;

/** Makes a row of a size: its names, then smallest, largest and default in bytes. */
export const sizeRow = (
  [name, flag]: readonly [string, string],
  [min, max, fallback]: readonly [number, number, number],
  doc: string,
) => ({ name, flag, kind: "size", min, max, fallback, doc }) as const;

/** Makes a row of a count: its names, then smallest, largest and default. */
export const countRow = (
  [name, flag]: readonly [string, string],
  [min, max, fallback]: readonly [number, number, number],
  doc: string,
) => ({ name, flag, kind: "count", min, max, fallback, doc }) as const;
