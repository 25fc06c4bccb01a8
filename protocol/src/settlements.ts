import { checkChannel } from "./channel.js";
import { type Outcome, outcomes } from "./commands.js";
import { MeshError } from "./errors.js";
import { checkExtras } from "./extras.js";
import {
  type FieldMap,
  intField,
  listField,
  ownField,
  stringField,
  type Writable,
} from "./fields.js";
import type { Encoding } from "./frame.js";
import { reasonCharsMax } from "./limits.js";
import {
  type Body,
  type LooseEvent,
  mapValue,
  numberAt,
  originCharsMax,
  readDeliveryName,
  readJsonBody,
  readLooseEvent,
  readPackedBody,
} from "./payloads.js";

/** One row of `SETL`. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly first: number;
  readonly count: number;
  readonly attempt: number;
  readonly reason?: string;
  readonly result?: Body;
  readonly outputs?: readonly LooseEvent[];
}

/** `SETL` */
export interface Settlements {
  readonly catch: number;
  readonly origin: string;
  readonly ref?: number;
  readonly settled: readonly Settlement[];
}

const settlementsMax = 65_536;
const outputsMax = 16_384;

/** @throws {MeshError} `BAD_PAYLOAD`, and what `readLooseEvent` throws for outputs */
export function readSettlements(map: FieldMap, encoding: Encoding): Settlements {
  const settlements: Writable<Settlements> = {
    catch: intField(map, "catch"),
    origin: stringField(map, "origin", originCharsMax),
    settled: [],
  };
  if (ownField(map, "ref") !== undefined) settlements.ref = intField(map, "ref", { min: 1 });
  settlements.settled = encoding === "J" ? [readJsonSettlement(map)] : readPackedSettlements(map);
  return settlements;
}

function readPackedSettlements(map: FieldMap): Settlement[] {
  const rows = listField(map, "settled", settlementsMax);
  if (rows.length === 0) throw new MeshError("BAD_PAYLOAD", "settled lists at least one range");
  return rows.map(readPackedSettlement);
}

function readJsonSettlement(map: FieldMap): Settlement {
  const outcome = ownField(map, "outcome");
  if (!outcomes.includes(outcome as Outcome)) {
    throw new MeshError("BAD_PAYLOAD", `outcome is one of ${outcomes.join(", ")}`);
  }
  const { number, attempt } = readDeliveryName(map);
  const settlement: Writable<Settlement> = {
    outcome: outcome as Outcome,
    first: number,
    count: 1,
    attempt,
  };
  readReason(map, settlement);
  if (ownField(map, "result") !== undefined || ownField(map, "resultBytes") !== undefined) {
    settlement.result = readJsonBody(map, "result", "resultBytes");
  }
  const outputs = listField(map, "outputs", outputsMax);
  if (outputs.length > 0) {
    settlement.outputs = outputs.map((output) => readLooseEvent(mapValue(output, "an output")));
  }
  return settlement;
}

function readPackedSettlement(row: unknown): Settlement {
  if (!Array.isArray(row)) {
    throw new MeshError("BAD_PAYLOAD", "a settlement is [outcome, first, count, attempt, detail?]");
  }
  const settlement: Writable<Settlement> = {
    outcome: outcomes[numberAt(row, 0, 0, 3)] as Outcome,
    first: numberAt(row, 1, 1),
    count: numberAt(row, 2, 1, settlementsMax),
    attempt: numberAt(row, 3, 1),
  };
  if (row[4] === undefined || row[4] === null) return settlement;
  if (settlement.count !== 1) throw new MeshError("BAD_PAYLOAD", "a detail goes with count 1");
  const detail = mapValue(row[4], "a detail");
  readReason(detail, settlement);
  const result = ownField(detail, "result");
  if (result !== undefined) settlement.result = readPackedBody(result);
  const outputs = listField(detail, "outputs", outputsMax);
  if (outputs.length > 0) settlement.outputs = outputs.map(readPackedOutput);
  return settlement;
}

function readPackedOutput(row: unknown): LooseEvent {
  if (!Array.isArray(row)) {
    throw new MeshError("BAD_PAYLOAD", "an output is [channel, tag, bin, extras?]");
  }
  const extras = row[3] === undefined || row[3] === null ? {} : mapValue(row[3], "extras");
  return {
    channel: checkChannel(row[0]),
    body: readPackedBody([row[1], row[2]]),
    extras: checkExtras(extras),
  };
}

function readReason(map: FieldMap, settlement: Writable<Settlement>): void {
  if (ownField(map, "reason") === undefined) return;
  settlement.reason = stringField(map, "reason", reasonCharsMax);
}
