import { Claims } from "../../transmitter/src/core/groups/claims.js";

/** Counts how often it is asked whether a cell has settled an event. */
export function countLooks(): { begin(): void; end(): number } {
  const { isSettled } = Claims.prototype;
  let count = 0;
  return {
    begin() {
      Claims.prototype.isSettled = function (this: Claims, ...given) {
        count++;
        return isSettled.apply(this, given);
      };
    },
    end() {
      Claims.prototype.isSettled = isSettled;
      return count;
    },
  };
}
