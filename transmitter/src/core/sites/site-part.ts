import { MeshError, readThid, type Thid } from "@thynapse/protocol";
import type { SitePart } from "./group-sites.js";

const membersMax = 1_000_000;
/** Cells of one transmitter that keys are bound to: each key is hashed with each of them. */
export const idsMax = 1024;
// As for the catches of cells.
const attempts = { min: 1, max: 100 };
const timeoutMs = { min: 100, max: 3_600_000 };

/**
 * Reads what a transmitter says of its cells in a group: [members, redeliver, affinity,
 * attemptsMax, ackTimeoutMs, ids?]. @throws {MeshError} `BAD_PAYLOAD`, `BAD_ID`, `TOO_LARGE`
 * @see PROTOCOL.md §18.3
 */
export function readSitePart(value: unknown): SitePart {
  const row: readonly unknown[] = Array.isArray(value) ? value : [];
  const [members, redeliver, affinity, attemptsMax, ackTimeoutMs, ids] = row;
  if (typeof redeliver !== "boolean" || typeof affinity !== "boolean") throw bad();
  return {
    members: countOf(members, { min: 0, max: membersMax }),
    redeliver,
    affinity,
    attemptsMax: countOf(attemptsMax, attempts),
    ackTimeoutMs: countOf(ackTimeoutMs, timeoutMs),
    ids: Array.isArray(ids) ? readIds(ids) : undefined,
  };
}

function readIds(ids: readonly unknown[]): Thid[] {
  if (ids.length <= idsMax) return ids.map(readThid);
  throw new MeshError("TOO_LARGE", `a group names at most ${idsMax} cells of a transmitter`);
}

function countOf(value: unknown, { min, max }: { readonly min: number; readonly max: number }) {
  const count = value as number;
  if (!Number.isSafeInteger(value) || count < min || count > max) throw bad();
  return count;
}

function bad(): MeshError {
  return new MeshError("BAD_PAYLOAD", "a group's value is [members, redeliver, affinity, …]");
}
