import { Multicatch } from "../../../cell-sdk/dist/core/multicatch.js";

/** What is replaced: a multicatch waits for a mark on its stream before it is armed. */
interface Arming {
  granted(...given: unknown[]): void;
  arm(): void;
}

/** Has every multicatch of this process be armed as soon as it is granted, while `work` runs. */
export async function withoutMarks<T>(work: () => Promise<T>): Promise<T> {
  const arming = Multicatch.prototype as unknown as Arming;
  const { granted } = arming;
  arming.granted = function (this: Arming, ...given) {
    granted.apply(this, given);
    this.arm();
  };
  try {
    return await work();
  } finally {
    arming.granted = granted;
  }
}
