import { expect } from "chai";

import { resolveBenchOptions, UsageError } from "./options.js";

describe("bench: options", () => {
  it("measure all beside both peers unless told otherwise", () => {
    const options = resolveBenchOptions([]);

    expect(options?.systems).to.deep.equal(["thynapse", "nats", "redis"]);
    expect(options?.scenarios.length).to.be.greaterThan(7);
    expect(options).to.include({ repeats: 3, seconds: 2.5, json: false, ci: false, awake: false });
  });

  it("make runs shorter for --ci, unless told how long", () => {
    expect(resolveBenchOptions(["--ci"])?.seconds).to.equal(0.8);
    expect(resolveBenchOptions(["--ci", "--seconds", "3"])?.seconds).to.equal(3);
  });

  it("take lists, and the peers alone", () => {
    const options = resolveBenchOptions(["--baseline", "--peers", "nats", "--scenario", "ask-1"]);

    expect(options?.systems).to.deep.equal(["nats"]);
    expect(options?.scenarios.map(({ name }) => name)).to.deep.equal(["ask-1"]);
    expect(resolveBenchOptions(["--peers", ""])?.systems).to.deep.equal(["thynapse"]);
  });

  for (const argv of [
    ["--fast"],
    ["--peers", "kafka"],
    ["--scenario", "ask-2"],
    ["--repeats", "0"],
    ["--repeats", "2.5"],
    ["--seconds", ""],
    ["--baseline", "--peers", ""],
  ]) {
    it(`refuse ${argv.join(" ")}`, () => {
      expect(() => resolveBenchOptions(argv)).to.throw(UsageError);
    });
  }
});
