import { randomBytes } from "node:crypto";

/** A channel segment that no other case uses. */
export function fresh(word = "c"): string {
  return `${word}-${randomBytes(5).toString("hex")}`;
}

/** A THID that nobody else has. */
export function freshId(): string {
  return randomBytes(20).toString("hex");
}

/** Both encodings, for cases that hold in each. */
export const encodings = ["J", "M"] as const;
