export type { OptionKind, OptionRow } from "./option-row.js";
export { transmitterOptions } from "./option-table.js";
export { type OptionValue, readOption } from "./option-values.js";
export {
  type LogLevel,
  type NameOption,
  type ResolvedOptions,
  resolveTransmitter,
  type TransmitterOptions,
} from "./options.js";
export {
  type Ending,
  startTransmitter,
  type Transmitter,
  type TransmitterSurroundings,
} from "./transmitter.js";
export type { Reloaded } from "./settings.js";
export { version } from "./core-options.js";
