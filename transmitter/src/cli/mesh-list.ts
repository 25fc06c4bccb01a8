import type { Cell } from "@thynapse/cell-sdk";
import { CliFault, exitCode, isMeshError, usageFault } from "./fault.js";
import type { Output } from "./output.js";
import { askSystem, type ListRequest, type Row, type SystemQuery } from "./system.js";

/** What the transmitters of a mesh said together. */
export interface MeshList {
  readonly rows: readonly Row[];
  /** Ids of live transmitters that did not answer in time. */
  readonly missing: readonly string[];
}

/**
 * Rows that are asked for at a time where all do not fit into one answer. Of dead letters, which
 * are the longest, as many always fit.
 */
const pageRows = 250;

/** What names a row of a list; the rest of it may be another one when it is asked for again. */
const namingFields = ["id", "peer", "letter", "service", "pattern", "mode", "encoding"] as const;

/**
 * Asks for a list of the whole mesh. One that is too long for an answer is fetched from each
 * transmitter by itself, in pages.
 *
 * @throws {MeshError} as `Cell.ask`.
 */
export async function listMesh(
  cell: Cell,
  request: ListRequest,
  query: SystemQuery,
): Promise<MeshList> {
  try {
    return parted(await askSystem(cell, request, query));
  } catch (thrown) {
    if (!isTooLong(thrown)) throw thrown;
  }
  const live = await liveIds(cell, query);
  const lists = await Promise.all(live.map(async (id) => await pagesOf(cell, request, id, query)));
  return {
    rows: lists.flatMap((rows) => rows ?? []),
    missing: live.filter((_, at) => lists[at] === undefined),
  };
}

/**
 * Asks every transmitter of the mesh about itself; many of them one by one. Each row has its
 * `transmitter`.
 *
 * @throws {MeshError} as `Cell.ask`.
 */
export async function askEach(
  cell: Cell,
  request: "$mesh.status" | "$mesh.metrics",
  query: SystemQuery,
): Promise<MeshList> {
  const { timeoutMs, signal } = query;
  try {
    return parted(await cell.ask<readonly Row[]>(request, { all: true }, { timeoutMs, signal }));
  } catch (thrown) {
    if (!isTooLong(thrown)) throw thrown;
  }
  const live = await liveIds(cell, query);
  const rows = await Promise.all(
    live.map(async (transmitter): Promise<Row> => {
      const data = { transmitter };
      const row = await unlessSilent(askSystem(cell, request, { ...query, data }));
      return row === undefined ? { transmitter, missing: true } : { ...row, transmitter };
    }),
  );
  return parted(rows);
}

function isTooLong(thrown: unknown): boolean {
  return isMeshError(thrown) && (thrown.code === "TOO_MANY_KEYS" || thrown.code === "TOO_LARGE");
}

async function liveIds(cell: Cell, query: SystemQuery): Promise<string[]> {
  const { rows } = parted(await askSystem(cell, "$mesh.transmitters", query));
  return rows.filter(isLive).map(({ id }) => String(id));
}

/** What a transmitter answers; `undefined` if it is `UNREACHABLE`. */
export async function unlessSilent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (isMeshError(thrown) && thrown.code === "UNREACHABLE") return undefined;
    throw thrown;
  }
}

/** Whether a transmitter answers requests: it lives, as far as is known. */
export function isLive({ state }: Row): boolean {
  return state === "alive" || state === "suspect" || state === "draining";
}

async function pagesOf(
  cell: Cell,
  request: ListRequest,
  transmitter: string,
  query: SystemQuery,
): Promise<Row[] | undefined> {
  const rows: Row[] = [];
  const known = new Set<string>();
  for (;;) {
    const page = { transmitter, offset: rows.length, limit: pageRows };
    const data = { ...query.data, ...page };
    const found = await unlessSilent(askSystem(cell, request, { ...query, data }));
    if (found === undefined) return undefined;
    // Whoever does not heed the offset would answer the same for ever.
    if (!found.some((row) => !known.has(nameOf(row)))) return rows;
    for (const row of found) known.add(nameOf(row));
    rows.push(...found);
    if (found.length < pageRows) return rows;
  }
}

function nameOf(row: Row): string {
  const naming = namingFields.filter((field) => field in row);
  return JSON.stringify(naming.length === 0 ? row : naming.map((field) => row[field]));
}

function parted(list: readonly Row[]): MeshList {
  const isMissing = (row: Row): boolean => row["missing"] === true;
  return {
    // Of a transmitter something is known, whether it answers or not.
    rows: list.filter((row) => !isMissing(row) || row["state"] !== undefined),
    missing: list.filter(isMissing).map(({ transmitter }) => String(transmitter)),
  };
}

/** Says who has not answered, so that nobody takes a part for the whole. */
export async function tellMissing(missing: readonly string[], err: Output): Promise<void> {
  for (const id of missing) {
    await err.line(`thynapse: transmitter ${id} did not answer: what it knows is left out`);
  }
}

/**
 * Finds a transmitter by the beginning of its id, or by one of its addresses, `tcp://` or not. Only
 * if no live one is called so the others count: a restart has the addresses of the dead one.
 *
 * @throws {CliFault} 1 if there is none, of usage if there are several.
 */
export async function findTransmitter(
  cell: Cell,
  name: string,
  query: Omit<SystemQuery, "data">,
): Promise<Row> {
  const { rows } = parted(await askSystem(cell, "$mesh.transmitters", query));
  const places: readonly unknown[] = [name, `tcp://${name}`];
  const called = rows.filter(
    ({ id, command, pub }) =>
      String(id).startsWith(name) || places.includes(command) || places.includes(pub),
  );
  const live = called.filter(isLive);
  const found = live.length > 0 ? live : called;
  const [first] = found;
  if (first === undefined) {
    const fix = "thynapse ls transmitters lists them";
    throw new CliFault(exitCode.failed, `no transmitter ${name} in this mesh`, { fix });
  }
  if (found.length === 1) return first;
  throw usageFault(`${found.length} transmitters are called ${name}`, "add digits of the id");
}
