import {
  type FieldMap,
  intField,
  type LooseEvent,
  MeshError,
  outputsBytesMax,
  ownField,
  readDeliveryName,
  readJsonBody,
  readPackedBody,
  readSettlements,
  readThid,
  type Settlement,
  type Settlements,
  stringField,
} from "@thynapse/protocol";
import type { Asks } from "../events/asks.js";
import { catchOf } from "./catching.js";
import type { CellRecord } from "./cells.js";
import { whenHandled } from "../events/confirms.js";
import type { Counters } from "../counters.js";
import type { Groups } from "../groups/groups.js";
import type { Intake } from "../events/intake.js";
import type { Member } from "../groups/member.js";
import type { Sites } from "../sites/sites.js";
import type { ReadCommand } from "./receiving.js";
import type { Attachments } from "./attachments.js";

/** What settling needs of the transmitter around it. */
export interface SettlingParts {
  readonly attachments: Attachments;
  readonly groups: Groups;
  readonly intake: Intake;
  readonly asks: Asks;
  readonly counters: Counters;
  readonly sites: Sites;
}

/** What cells say of their deliveries. @see PROTOCOL.md §10, §12 */
export class Settling {
  private readonly parts: SettlingParts;

  constructor(parts: SettlingParts) {
    this.parts = parts;
  }

  /** `SETL` @throws {MeshError} `UNKNOWN_CATCH`, `STALE_ATTEMPT`, `TOO_LARGE`, `BAD_PAYLOAD` */
  settle(cell: CellRecord, read: ReadCommand, nowMs: number): void {
    const map = read.fields();
    const settlements = readSettlements(map, read.encoding);
    const { member } = catchOf(cell, map, "any");
    for (const { outputs } of settlements.settled) checkOutputBytes(outputs);
    const stale = this.settleAll(member, settlements, nowMs);
    if (stale !== undefined) this.tellStale(cell, settlements, stale);
  }

  /** Settles each row; returns the first that was not current. */
  private settleAll(
    member: Member,
    settlements: Settlements,
    nowMs: number,
  ): Settlement | undefined {
    const { confirms } = member.cell;
    const { ref } = settlements;
    let open = 1;
    const done = (): void => {
      if (--open === 0 && ref !== undefined) confirms.settled(ref);
    };
    let stale: Settlement | undefined;
    const { origin } = settlements;
    for (const settlement of settlements.settled) {
      const outputs = settlement.outputs ?? [];
      const isPassed = outputs.length > 0 && isForeign(member, origin, settlement);
      if (isPassed) open++;
      const onDone = isPassed
        ? this.passedDone(member.cell, settlements, settlement, done)
        : undefined;
      const { fates } = this.parts.groups;
      const current = fates.settled(member, settlement, { origin, nowMs, onDone });
      if (current < settlement.count) {
        stale ??= settlement;
        this.parts.counters.add("settlementsStale", settlement.count - current);
        this.parts.counters.add("outputsFenced", outputs.length);
      } else if (outputs.length > 0 && !isPassed) {
        open++;
        this.send(member.cell, outputs, nowMs, done);
      }
    }
    done();
    return stale;
  }

  /** The origin elsewhere has taken a settlement with outputs, or it came too late for it. */
  private passedDone(
    cell: CellRecord,
    settlements: Settlements,
    settlement: Settlement,
    done: () => void,
  ): (isTaken: boolean) => void {
    return (isTaken) => {
      if (!isTaken) this.tellStale(cell, settlements, settlement);
      done();
    };
  }

  private send(
    cell: CellRecord,
    outputs: readonly LooseEvent[],
    nowMs: number,
    done: () => void,
  ): void {
    this.parts.counters.add("outputs", outputs.length);
    const behind = { service: cell.service, cell: cell.id };
    const arrival = { nowMs, cell, isOutput: true };
    this.parts.intake.takeLoose(outputs, behind, whenHandled(outputs.length, done), arrival);
  }

  private tellStale(cell: CellRecord, { ref, ...name }: Settlements, stale: Settlement): void {
    this.parts.attachments.send(cell, "ERRO", {
      code: "STALE_ATTEMPT",
      message: "STALE_ATTEMPT: the delivery is not held under this attempt any more",
      command: "SETL",
      ...(ref !== undefined && { ref }),
      catch: name.catch,
      number: stale.first,
      attempt: stale.attempt,
    });
  }

  /** `PROG`: what is not held any more is nobody's business. @throws {MeshError} `UNKNOWN_CATCH` */
  progress(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const { member } = catchOf(cell, map, "any");
    const { origin, number, attempt } = readDeliveryName(map);
    member.progress(origin, number, attempt, nowMs);
  }

  /**
   * `RPLY`: parts of a stale attempt are dropped. @throws {MeshError} `UNKNOWN_CATCH`,
   * `BAD_PAYLOAD`, `TOO_LARGE`
   */
  reply(cell: CellRecord, map: FieldMap, nowMs: number): void {
    if (ownField(map, "to") !== undefined) {
      this.gathered(cell, map, nowMs);
      return;
    }
    const { member } = catchOf(cell, map, "any");
    const { origin, number, attempt } = readDeliveryName(map);
    const index = intField(map, "index");
    if (ownField(map, "code") !== undefined) throw failedPart();
    const body = readBody(cell, map);
    const span = member.find(origin, number, attempt);
    if (span === undefined) {
      this.parts.counters.add("partsStale");
      return;
    }
    const single = { ...span, from: number, to: number + 1 };
    if (span.lot.upstream === undefined) this.parts.asks.part(single, index, body, cell);
    else this.parts.sites.passPart(member, single, { index, body, nowMs });
  }

  private gathered(cell: CellRecord, map: FieldMap, nowMs: number): void {
    const to = readThid(ownField(map, "to"));
    const seq = intField(map, "seq", { min: 1 });
    const failed = ownField(map, "code") !== undefined;
    const reply = failed
      ? { code: stringField(map, "code", 64), message: stringField(map, "message", 1024) }
      : { body: readBody(cell, map) };
    if (this.parts.sites.gathering.replied(to, seq, cell, reply, nowMs)) return;
    this.parts.asks.gathered(to, seq, cell, reply);
  }
}

function readBody(cell: CellRecord, map: FieldMap): ReturnType<typeof readJsonBody> {
  if (cell.encoding === "J") return readJsonBody(map, "data", "bytes");
  return readPackedBody(ownField(map, "body"));
}

/** A handler that fails after some parts ends them by its settlement. @see PROTOCOL.md §12.4 */
function failedPart(): MeshError {
  const text = "a part has no code: SETL with nack or reject says that the handler failed";
  return new MeshError("BAD_PAYLOAD", text);
}

function checkOutputBytes(outputs: readonly LooseEvent[] | undefined): void {
  let bytes = 0;
  for (const { body, channel } of outputs ?? []) bytes += body.bytes.length + channel.length;
  if (bytes <= outputsBytesMax) return;
  throw new MeshError("TOO_LARGE", `outputs take ${bytes} bytes, at most ${outputsBytesMax}`);
}

/** Whether the origin of a delivery is another transmitter. */
function isForeign(member: Member, origin: string, { first, attempt }: Settlement): boolean {
  return member.find(origin, first, attempt)?.lot.upstream !== undefined;
}
