export type { Answers, Gathering, Reply } from "./answers.js";
export type { Catch, CatchStream, Delivery } from "./catch.js";
export {
  type CaughtOf,
  type Cell,
  type ChannelMap,
  type Closing,
  connect,
  type DataOf,
} from "./cell.js";
export type { CaughtEvent, EventSource } from "./core/caught-event.js";
export type { CellStatus } from "./core/status.js";
export type { AnycatchHandler, DeliveryContext, MulticatchHandler } from "./handlers.js";
export type {
  AnycatchOptions,
  AskOptions,
  ConnectOptions,
  GatherOptions,
  Logger,
  MulticatchOptions,
  OutputOptions,
  Overflow,
  SendOptions,
  Until,
} from "./options.js";
export type { Receipt, Sending } from "./sending.js";
export type { StatusStream } from "./status-stream.js";
export {
  type InProcessClient,
  type InProcessConnection,
  type InProcessTransmitter,
  inProcess,
} from "./transport/in-process.js";
export type {
  Attachment,
  AttachmentHandlers,
  AttachmentTerms,
  Clock,
  Transport,
} from "./transport/transport.js";
