export type { OptionKind, OptionRow } from "./options/option-row.js";
export { transmitterOptions } from "./options/option-table.js";
export { type OptionValue, readOption } from "./options/option-values.js";
export {
  type LogLevel,
  type NameOption,
  type ResolvedOptions,
  resolveTransmitter,
  type TransmitterOptions,
} from "./options/options.js";
export {
  type Ending,
  startTransmitter,
  type Transmitter,
  type TransmitterSurroundings,
} from "./transmitter.js";
export type { Reloaded } from "./options/settings.js";
export { version } from "./options/core-options.js";
