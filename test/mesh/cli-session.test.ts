import { expect } from "chai";

import { untilArmed } from "../../transmitter/src/cli/session.js";

describe("cli: a verb that waits for its catches", () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it("ends with a signal, before or while it waits", async () => {
    const ending = new AbortController();
    const waiting = untilArmed(never(), ending.signal).then(
      () => "armed",
      ({ name }: Error) => name,
    );
    ending.abort();

    expect(await waiting).to.equal("AbortError");
    const late = untilArmed(never(), ending.signal).catch(({ name }: Error) => name);
    expect(await late).to.equal("AbortError");
  });

  it("goes on when they are armed, and tells why they are not", async () => {
    const { signal } = new AbortController();
    expect(await untilArmed(Promise.resolve("standing"), signal)).to.equal("standing");
    const refused = untilArmed(Promise.reject(new Error("BUSY")), signal);
    expect(await refused.catch(({ message }: Error) => message)).to.equal("BUSY");
  });
});
