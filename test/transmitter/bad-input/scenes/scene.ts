import { expect } from "chai";

import type { Stranger } from "../stranger.js";
import type { Subject } from "../subject.js";

/** A row of more than one message, or of more than one stranger. */
export interface Scene {
  /** Section and number; more than one where they need the same long wait. */
  readonly ids: readonly string[];
  /** What must hold, as it stands in the name of the test. */
  readonly name: string;
  readonly play: (subject: Subject) => Promise<void>;
}

/** Takes an error, which must have this code and say this. */
export async function expectRefusal(
  stranger: Stranger,
  code: string,
  says = "",
): Promise<Record<string, unknown>> {
  const answer = await stranger.expect("ERRO");
  expect(answer["code"], String(answer["message"])).to.equal(code);
  expect(answer["message"]).to.include(says);
  expect(answer["hint"]).to.be.a("string");
  return answer;
}

/** Lets a stranger act, and closes its connections however that ends. */
export async function closing<Closable extends { close(): void }>(
  strangers: readonly Closable[],
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } finally {
    for (const stranger of strangers) stranger.close();
  }
}
