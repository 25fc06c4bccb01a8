/** The version of the protocol that this code speaks, carried as `v` in `HELO` and `WLCM`. */
export const protocolVersion = 1;

/** The versions of the protocol that are answered, both ends included. */
export const protocolVersionRange = Object.freeze({ first: 1, last: 1 });

/** Tells whether `value` is a version that this code speaks. */
export function isSpokenVersion(value: unknown): value is number {
  return (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= protocolVersionRange.first &&
    value <= protocolVersionRange.last
  );
}
