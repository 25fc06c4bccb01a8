import { type Command, commands } from "@thynapse/protocol";

const delivery = ["catch", "origin", "number", "attempt"];
const body = ["data", "bytes", "body"];

/** The fields of what a cell says. @see PROTOCOL.md §5.5, which has the same ones. */
const fieldsByCommand: Partial<Record<Command, readonly string[]>> = {
  HELO: ["id", "service", "v", "session", "secret", "claims", "heard"],
  CTCH: [
    ...["pattern", "mode", "ref", "concurrency", "credit", "redeliver", "affinity"],
    ...["attemptsMax", "ackTimeoutMs"],
  ],
  DROP: ["catch", "ref"],
  EVNT: [
    ...["channel", "data", "bytes", "seq", "floor", "repeat", "handled", "ref"],
    ...["headers", "key", "ttlMs", "id", "ask"],
  ],
  SETL: [...delivery, "outcome", "ref", "reason", "result", "resultBytes", "outputs", "settled"],
  PROG: delivery,
  CRED: ["catch", "credit"],
  RPLY: [...delivery, "index", "to", "seq", ...body, "code", "message"],
  MISS: ["catch", "first", "count"],
  BEAT: ["streams"],
  GBYE: ["idle"],
};

const known = new Map(
  Object.entries(fieldsByCommand).map(([command, fields]) => [command, new Set(fields)]),
);

/** Counts the fields of a payload that this version does not know. @see PROTOCOL.md §3.7 */
export function unknownFieldCount(command: string, map: Readonly<Record<string, unknown>>): number {
  const fields = known.get(command);
  let count = 0;
  if (fields === undefined) return count;
  for (const field in map) if (!fields.has(field)) count++;
  return count;
}

/** Names the fields of a command of a cell, for a hint; undefined for any other. */
export function fieldsHint(command: string): string | undefined {
  const fields = known.get(command);
  if (fields === undefined) return undefined;
  if (fields.size === 0) return `${command} takes an empty map`;
  return `${command} takes ${[...fields].join(", ")}`;
}

/** The commands that a cell says, for a hint. */
export const cellCommandsText = Object.entries(commands)
  .filter(([, { speaker }]) => speaker !== "transmitter")
  .map(([command]) => command)
  .join(", ");
