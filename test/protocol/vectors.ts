import { readFileSync } from "node:fs";

import type { BodyTag, Encoding } from "@thynapse/protocol";
import type { RefusedRow } from "./refusal.js";

/** A row that only a person reads by its name. */
interface Named {
  readonly name: string;
}

/** The vectors of frames. */
export interface FrameVectors {
  readonly valid: readonly (Named & {
    readonly encoding: Encoding;
    readonly command: string;
    readonly payload: string;
    readonly bytes: string;
  })[];
  readonly refused: readonly (Named & RefusedRow & { readonly bytes: string })[];
}

/** The vectors of channels and services. */
export interface ChannelVectors {
  readonly valid: readonly { readonly channel: string }[];
  readonly system: readonly { readonly channel: string }[];
  readonly refused: readonly (RefusedRow & { readonly channel: unknown })[];
  readonly services: readonly { readonly service: string }[];
  readonly refusedServices: readonly (RefusedRow & { readonly service: unknown })[];
}

/** The vectors of patterns. */
export interface PatternVectors {
  readonly valid: readonly { readonly pattern: string }[];
  readonly refused: readonly (RefusedRow & { readonly pattern: unknown })[];
  readonly matches: readonly {
    readonly pattern: string;
    readonly channel: string;
    readonly matches: boolean;
  }[];
}

/** The vectors of THIDs. */
export interface ThidVectors {
  readonly events: readonly {
    readonly sender: string;
    readonly seq: number;
    readonly channel: string;
    readonly tag: number;
    readonly body: string;
    readonly hashed: string;
    readonly thid: string;
  }[];
  readonly reads: readonly { readonly text: string; readonly thid: string }[];
  readonly refused: readonly (RefusedRow & { readonly id: unknown })[];
}

/** What a sender encodes, where it is more than JSON can write. */
export type BodyValue =
  | { readonly json: unknown }
  | { readonly data: unknown }
  | { readonly date: string }
  | { readonly binaryIn: string; readonly hex: string }
  | { readonly bytes: string };

/** The vectors of bodies. */
export interface BodyVectors {
  readonly valid: readonly (Named & {
    readonly tag: BodyTag;
    readonly bytes: string;
    readonly json: { readonly data: unknown } | { readonly bytes: string };
    readonly value?: BodyValue;
  })[];
  readonly unsayable: readonly (Named & { readonly tag: BodyTag; readonly bytes: string })[];
  readonly refused: readonly (Named & RefusedRow & { tag: number; bytes: string })[];
}

/** Reads one file of the vectors that every language can read. */
export function readVectors<Vectors>(name: string): Vectors {
  const url = new URL(`../../protocol/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Vectors;
}

/** Bytes of a row, which are written as hex. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

/** How a row's value is shown in the name of a test: one short line of ASCII. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > 60 ? `${text.slice(0, 50)}… (${text.length})` : text;
}
