import { MeshError, readThid } from "@thynapse/protocol";
import type { SitePart } from "./group-sites.js";

const membersMax = 1_000_000;
const attemptsMost = 100;
const timeoutMsMost = 3_600_000;

/**
 * Reads what a transmitter says of its cells in a group: [members, redeliver, affinity,
 * attemptsMax, ackTimeoutMs, ids?]. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`
 * @see PROTOCOL.md §18.3
 */
export function readSitePart(value: unknown): SitePart {
  const row: readonly unknown[] = Array.isArray(value) ? value : [];
  const [members, redeliver, affinity, attemptsMax, ackTimeoutMs, ids] = row;
  if (typeof redeliver !== "boolean" || typeof affinity !== "boolean") throw bad();
  return {
    members: countOf(members, membersMax),
    redeliver,
    affinity,
    attemptsMax: countOf(attemptsMax, attemptsMost),
    ackTimeoutMs: countOf(ackTimeoutMs, timeoutMsMost),
    ids: Array.isArray(ids) ? ids.map(readThid) : undefined,
  };
}

function countOf(value: unknown, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) throw bad();
  return value as number;
}

function bad(): MeshError {
  return new MeshError("BAD_PAYLOAD", "a group's value is [members, redeliver, affinity, …]");
}
