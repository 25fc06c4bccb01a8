import type { CaughtEvent } from "@thynapse/cell-sdk";
import { jsonLine, eventFields, rawText } from "./event-view.js";
import { usageFault } from "./fault.js";
import { didYouMean } from "./nearest.js";
import { printable } from "./printable.js";

/** Writes one event as a line, without the line break. */
export type EventWriter = (event: CaughtEvent) => string;

const fields: Readonly<Record<string, EventWriter>> = {
  channel: (event) => event.channel,
  data: (event) => rawText(event.data),
  json: (event) => jsonLine(eventFields(event)),
  from: (event) => `${event.from.service}/${event.from.id}`,
  "from.id": (event) => event.from.id,
  "from.service": (event) => event.from.service,
  seq: (event) => String(event.seq),
  thid: (event) => event.thid,
  time: (event) => new Date(event.time).toISOString(),
  attempt: (event) => String(event.attempt),
  repeat: (event) => String(event.repeat),
  key: (event) => event.key ?? "",
};

/** What a template may name, for the help. */
export const templateFields = `{${Object.keys(fields).join("} {")}} {headers.NAME}`;

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\" };

/**
 * Compiles a template: `{channel} {data}\t{headers.trace}`. `{{` is a brace; `\n`, `\t` and `\\`
 * are read as usual. What the fields hold is escaped unless `raw`.
 *
 * @throws {CliFault} of usage for an unknown field.
 */
export function compileTemplate(template: string, raw: boolean): EventWriter {
  const parts = [...template.matchAll(/\{\{|\{([^{}]*)\}|\\([nt\\])|[^{\\]+|[^]/g)].map(
    ([text, field, escape]): EventWriter => {
      if (field !== undefined) return fieldWriter(field, raw);
      const literal = escape === undefined ? text : (escapes[escape] ?? text);
      return () => (text === "{{" ? "{" : literal);
    },
  );
  return (event) => parts.map((write) => write(event)).join("");
}

function fieldWriter(name: string, raw: boolean): EventWriter {
  const write = name.startsWith("headers.") ? headerWriter(name.slice(8)) : fields[name];
  if (write === undefined) {
    const meant = didYouMean(name, Object.keys(fields));
    throw usageFault(`--format: unknown field {${name}}${meant}`, `known: ${templateFields}`);
  }
  // JSON is escaped already, in its own way.
  return raw || name === "json" ? write : (event) => printable(write(event));
}

function headerWriter(name: string): EventWriter {
  return (event) => event.headers[name] ?? "";
}
