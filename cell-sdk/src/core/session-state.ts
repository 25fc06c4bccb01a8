import type { ErrorCode } from "@thynapse/protocol";
import type { Welcome } from "./wire.js";

/**
 * - `idle`: not started.
 * - `waiting`: between two attempts, until `untilMs`.
 * - `connecting`: the connection is being made, or waits to be; given up at `untilMs`.
 * - `hello`: `HELO` was sent; given up at `untilMs`.
 * - `welcome`: attached. Ends with the connection, or after 2 s of silence.
 * - `leaving`: `GBYE` was sent; given up at `untilMs`.
 * - `closed`: for good.
 */
export type SessionState =
  | { readonly name: "idle" }
  | { readonly name: "waiting"; readonly untilMs: number }
  | { readonly name: "connecting"; readonly address: string; readonly untilMs: number }
  | { readonly name: "hello"; readonly address: string; readonly untilMs: number }
  | { readonly name: "welcome"; readonly address: string; readonly welcome: Welcome }
  | { readonly name: "leaving"; readonly untilMs: number }
  | { readonly name: "closed" };

type StateName = SessionState["name"];

/** Which state may follow which. */
export const followers: Readonly<Record<StateName, readonly StateName[]>> = {
  idle: ["connecting", "waiting", "closed"],
  waiting: ["connecting", "closed"],
  connecting: ["connecting", "hello", "waiting", "closed"],
  hello: ["welcome", "waiting", "closed"],
  welcome: ["waiting", "leaving", "closed"],
  leaving: ["closed"],
  closed: [],
};

/** Refusals of `HELO` that no other try could change. */
export const finalCodes: readonly ErrorCode[] = [
  "BAD_VERSION",
  "BAD_SERVICE",
  "BAD_ID",
  "BAD_PAYLOAD",
  "DENIED",
  "MESH_MISMATCH",
];
