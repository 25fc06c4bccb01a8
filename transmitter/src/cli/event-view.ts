import type { CaughtEvent, EventSource } from "@thynapse/cell-sdk";
import { isUtf8 } from "node:buffer";
import { printable, printableJson } from "./printable.js";

/** The event as every verb writes it with `--json`. */
export function eventFields(event: CaughtEvent): Record<string, unknown> {
  const { headers, key } = event;
  return {
    channel: event.channel,
    ...bodyFields(event.data),
    from: event.from,
    seq: event.seq,
    thid: event.thid,
    attempt: event.attempt,
    repeat: event.repeat,
    time: event.time,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(key === undefined ? {} : { key }),
  };
}

/** A body in JSON: `bytes` in base64 if it is nothing but bytes, else `data`. */
export function bodyFields(data: unknown): { data: unknown } | { bytes: string } {
  return data instanceof Uint8Array ? { bytes: base64(data) } : { data: data ?? null };
}

/**
 * Writes a value as one line of JSON that a terminal can show.
 *
 * Bytes within it become base64, integers beyond 2^53 and numbers that JSON does not know strings.
 */
export function jsonLine(value: unknown): string {
  return printableJson(JSON.stringify(value, asJson) ?? "null");
}

function asJson(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key];
  if (raw instanceof Uint8Array) return base64(raw);
  if (typeof raw === "bigint") return raw.toString();
  if (typeof raw === "number" && !Number.isFinite(raw)) return String(raw);
  return value;
}

/**
 * Writes a body for a reader: text as it is, values as JSON, bytes as text if they are, else
 * base64.
 */
export function bodyText(data: unknown): string {
  return printable(rawText(data));
}

/** The same without escapes: whatever it holds reaches the terminal. */
export function rawText(data: unknown): string {
  if (typeof data === "string") return data;
  if (!(data instanceof Uint8Array)) return JSON.stringify(data ?? null, asJson);
  if (isUtf8(data)) return Buffer.from(data.buffer, data.byteOffset, data.length).toString();
  return `${data.length} bytes ${base64(data)}`;
}

/** The bytes of a body as `--raw` writes them and `--exec` gives them to a command. */
export function bodyBytes(data: unknown): Uint8Array {
  return data instanceof Uint8Array ? data : Buffer.from(rawText(data));
}

/** Writes a source as `service/1f3a…`: enough to tell the cells of one service apart. */
export function sourceText({ id, service }: EventSource): string {
  return `${service}/${id.slice(0, 8)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
