export {
  bodyFromJson,
  type BodyTag,
  bodyTag,
  bodyToJson,
  decodeBody,
  encodeBody,
  type EncodedBody,
  type JsonBody,
} from "./body.js";
export { checkMessagePack, type ValueLimits } from "./bounds.js";
export { ChannelTable } from "./channel-table.js";
export { checkChannel, checkService, isSystemChannel } from "./channel.js";
export { decodeMessagePack, decodePayloadMap, encodeMessagePack } from "./encoding.js";
export {
  type ErrorCode,
  type ErrorCodeRow,
  errorCodes,
  type Fault,
  isErrorCode,
  MeshError,
  type MeshErrorDetails,
  toMeshError,
} from "./errors.js";
export {
  type Encoding,
  type Frame,
  frameHeadBytes,
  readFrame,
  writeFrame,
  writeFrameHead,
} from "./frame.js";
export {
  decodeExactJson,
  decodeJson,
  encodeJson,
  type PayloadLimits,
  type PayloadMap,
} from "./json.js";
export { checkJsonBounds } from "./json-bounds.js";
export { findJsonFault, type JsonFault } from "./json-fault.js";
export {
  ackTimeoutMs,
  attemptsMax,
  backlogAgeMs,
  backlogBytesMax,
  backlogEventsMax,
  catchBytesMax,
  catchesMax,
  channelBytesMax,
  claimMs,
  commandBytesMax,
  creditMax,
  dedupeWindowMs,
  depthMax,
  drainTimeoutMs,
  errorBudget,
  errorBudgetMs,
  eventBytesMax,
  groupKeepMs,
  headersBytesMax,
  headersCountMax,
  heartbeatMs,
  idBytesMax,
  keptBytesMax,
  keptMs,
  keyBytesMax,
  keysMax,
  linkRingBytesMax,
  linkWindowFrames,
  muteMs,
  outboxBytesMax,
  outboxEventsMax,
  outputsBytesMax,
  payloadBytesMax,
  reasonCharsMax,
  ringBytesMax,
  runBytesMax,
  runChannelsMax,
  runEventsMax,
  runOverheadBytesMax,
  segmentCharsMax,
  segmentsMax,
  senderRangesMax,
  streamKeepMs,
  subscriptionBytesMax,
  suspectMs,
  windowBytesMax,
} from "./limits.js";
export { matchesPattern, type Pattern, parsePattern } from "./pattern.js";
export { didYouMeanCommand } from "./nearest-command.js";
export { quote } from "./quote.js";
export {
  constantTimeEqual,
  type EventIdentity,
  eventThid,
  hashThid,
  isThid,
  randomThid,
  randomToken,
  readThid,
  type Thid,
  thidBytes,
  thidFromBytes,
} from "./thid.js";
export { isSpokenVersion, protocolVersion, protocolVersionRange } from "./version.js";
export {
  type Command,
  type CommandRow,
  commands,
  isCommand,
  type Outcome,
  outcomes,
  type Speaker,
} from "./commands.js";
export { MessagePackCursor } from "./cursor.js";
export { type AskTerms, checkExtras, encodeExtras, type EventExtras } from "./extras.js";
export {
  booleanField,
  type FieldMap,
  type IntFieldRules,
  intField,
  listField,
  ownField,
  stringField,
} from "./fields.js";
export {
  type Body,
  type CatchMode,
  type CatchWish,
  type Claim,
  type DeliveryName,
  type HeardBeat,
  type Hello,
  type LooseEvent,
  mapValue,
  numberAt,
  type Ref,
  readCatchWish,
  readCredit,
  readDeliveryName,
  readHello,
  readJsonBody,
  readLooseEvent,
  readPackedBody,
  readRef,
  type SeqRange,
} from "./payloads.js";
export { RangeSet } from "./ranges.js";
export { readSettlements, type Settlement, type Settlements } from "./settlements.js";
export { Run, type RunHeader } from "./run.js";
export { SeqMap } from "./seq-map.js";
export { readRun } from "./run-reader.js";
export {
  checkBodyBytes,
  indexRange,
  type RunOpening,
  RunWriter,
  sliceRun,
} from "./run-writer.js";
