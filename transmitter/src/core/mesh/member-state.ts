/**
 * - `heard-of`: named by others; it counts as dead until it has spoken twice.
 * - `alive`
 * - `suspect`: its connection is cut, or it is late.
 * - `dead`: silent for too long for everybody whom we hear.
 * - `left`: it has said farewell.
 */
export type MemberState = "heard-of" | "alive" | "suspect" | "dead" | "left";

/** Whether somebody in this state is dead, or has left. */
export function isGone(state: MemberState | undefined): boolean {
  return state === "dead" || state === "left";
}

/** Whether somebody in this state may live. */
export function mayLive(state: MemberState): boolean {
  return !isGone(state);
}
