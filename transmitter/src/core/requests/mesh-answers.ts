import { type FieldMap, MeshError, ownField, type Thid } from "@thynapse/protocol";
import { lettersMax } from "./dead-letter-requests.js";
import { mergeExplanations, type SiteExplanation } from "./explanation.js";
import type { Answers } from "./mesh-queries.js";
import type { ServiceSite } from "./system-rows.js";

/** What the answers of several transmitters are put together with. */
export interface Merging {
  /** The transmitter that was asked; its answer is the first. */
  readonly asked: Thid;
  readonly data: FieldMap;
}

/** Makes one result of the answers of several transmitters. @throws {MeshError} */
export type Merge = (answers: Answers, merging: Merging) => unknown;

type Row = Readonly<Record<string, unknown>>;

/**
 * Puts lists together: each row gets its `transmitter`. One that has not answered is a row of its
 * own at the end, with `missing: true`, so that a list never looks whole when it is not.
 */
export function mergeRows(answers: Answers): Row[] {
  const { results, missing } = taken<readonly Row[]>(answers, Array.isArray);
  const rows: Row[] = [];
  for (const [transmitter, list] of results) {
    for (const row of list) rows.push({ ...row, transmitter });
  }
  return [...rows, ...missing.map((transmitter) => ({ transmitter, missing: true }))];
}

/** Makes a list of maps, one for each transmitter, as `mergeRows`. */
export function mergeMaps(answers: Answers): Row[] {
  const { results, missing } = taken<Row>(answers, isMap);
  const rows = [...results].map(([transmitter, map]) => ({ ...map, transmitter }));
  return [...rows, ...missing.map((transmitter) => ({ transmitter, missing: true }))];
}

/** Puts services together: each is one, wherever its cells are, and so are its groups. */
export function mergeServices(answers: Answers): Row[] {
  const { results, missing } = taken<readonly ServiceSite[]>(answers, Array.isArray);
  const rows = new Map<string, ServiceSite[]>();
  for (const [, list] of results) {
    for (const site of list) rows.set(site.service, [...(rows.get(site.service) ?? []), site]);
  }
  return [
    ...[...rows].map(([service, sites]) => ({
      service,
      cells: sites.reduce((sum, { cells }) => sum + cells, 0),
      groups: new Set(sites.flatMap((site) => site.groups)).size,
      streams: new Set(sites.flatMap((site) => site.streams)).size,
      transmitters: sites.length,
    })),
    ...missing.map((transmitter) => ({ transmitter, missing: true })),
  ];
}

/** Puts dead letters together, oldest first: the newest of all, `limit` of them. */
export function mergeLetters(answers: Answers, { data }: Merging): Row[] {
  const rows = mergeRows(answers);
  const letters = rows.filter((row) => row["missing"] !== true);
  letters.sort((a, b) => Number(a["atMs"]) - Number(b["atMs"]));
  const limit = Number(ownField(data, "limit") ?? lettersMax);
  return [...letters.slice(-limit), ...rows.filter((row) => row["missing"] === true)];
}

/** Adds up what was done. */
export function mergeCounts(answers: Answers): Row {
  const { results, missing } = taken<{ readonly count: number }>(answers, isMap);
  let count = 0;
  for (const [, result] of results) count += result.count;
  return missing.length === 0 ? { count } : { count, missing };
}

/** Says who in the mesh would get an event that enters at the transmitter that was asked. */
export function mergeSites(answers: Answers, { asked }: Merging): Row {
  const { results, missing } = taken<SiteExplanation>(answers, isMap);
  const merged = mergeExplanations(asked, results);
  return missing.length === 0 ? merged : { ...merged, missing };
}

interface Taken<T> {
  readonly results: ReadonlyMap<Thid, T>;
  readonly missing: readonly Thid[];
}

/** Codes of an answer that came and could not be written: a shorter list is to be asked for. */
const tooLong: ReadonlySet<string> = new Set(["TOO_LARGE", "TOO_MANY_KEYS"]);

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What has the form that it should have; a peer of another version may answer otherwise. */
function taken<T>(answers: Answers, isRight: (result: unknown) => boolean): Taken<T> {
  const results = new Map<Thid, T>();
  const missing: Thid[] = [];
  for (const [id, answer] of answers) {
    if (answer?.error === undefined) {
      if (isRight(answer?.result)) results.set(id, answer?.result as T);
      else missing.push(id);
    } else if (tooLong.has(answer.error.code)) {
      const hint = "ask each transmitter, with offset and limit";
      throw new MeshError(answer.error.code, `the list of ${id} is too long`, { hint });
    } else missing.push(id);
  }
  return { results, missing };
}
