import { checkExtras, type EventExtras } from "@thynapse/protocol";
import { usageFault, usageFaultOf } from "./fault.js";
import { list, text } from "./flags.js";

/** Flags of what an event carries besides its body. */
export const extrasFlags = {
  header: list({
    describe: "header of the event; may be repeated",
    alias: "H",
    placeholder: "NAME:VALUE",
    fallback: [],
  }),
  key: text({ describe: "key of affinity: events of one key go to one cell", placeholder: "KEY" }),
};

/** What those flags were given. */
export interface ExtrasValues {
  readonly header: readonly string[];
  readonly key: string | undefined;
  readonly id?: string | undefined;
  readonly ttl?: number | undefined;
}

/** Makes the extras of an event, within the bounds of the wire. @throws {CliFault} of usage. */
export function resolveExtras(values: ExtrasValues): Omit<EventExtras, "ask"> {
  const { header, key, id, ttl } = values;
  const headers: Record<string, string> = {};
  for (const given of header) {
    const [, name, value = ""] = /^([^:]+):\s*(.*)$/s.exec(given) ?? [];
    if (name === undefined) {
      throw usageFault(`--header: ${JSON.stringify(given)} has no name`, "write -H NAME:VALUE");
    }
    if (Object.hasOwn(headers, name))
      throw usageFault(`--header: ${name} given twice`, "leave one");
    headers[name] = value;
  }
  const extras = {
    ...(header.length > 0 && { headers }),
    ...(key !== undefined && { key }),
    ...(id !== undefined && { id }),
    ...(ttl !== undefined && { ttlMs: ttl }),
  };
  try {
    return checkExtras(extras);
  } catch (thrown) {
    throw usageFaultOf(thrown, "--header, --key or --event-id");
  }
}
