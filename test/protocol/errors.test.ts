import { expect } from "chai";

import {
  type ErrorCode,
  errorCodes,
  isErrorCode,
  isSpokenVersion,
  MeshError,
  protocolVersion,
  protocolVersionRange,
  quote,
  toMeshError,
} from "@thynapse/protocol";

describe("error code", () => {
  for (const [code, { fault, meaning }] of Object.entries(errorCodes)) {
    it(`${code} has a fault and a meaning of one line`, () => {
      expect(fault).to.be.oneOf(["local", "remote", "network"]);
      expect(meaning).to.match(/^[ -~]{10,100}$/);
      expect(isErrorCode(code)).to.equal(true);
    });
  }

  it("is none that the table does not have, nor a property that objects have anyway", () => {
    for (const other of ["NOPE", "toString", "__proto__", "bad_frame", "", null, 7]) {
      expect(isErrorCode(other)).to.equal(false);
    }
  });

  it("stays what it is: the table cannot be changed", () => {
    expect(Object.isFrozen(errorCodes)).to.equal(true);
    expect(Object.isFrozen(errorCodes.BUSY)).to.equal(true);
  });
});

describe("mesh error", () => {
  it("carries code, fault and whether to try again, and begins its message with the code", () => {
    const error = new MeshError("BUSY", "4 MiB wait");

    expect(error).to.be.instanceOf(Error);
    expect(error.name).to.equal("MeshError");
    expect(error.message).to.equal("BUSY: 4 MiB wait");
    expect(error.reason).to.equal("4 MiB wait");
    expect(error).to.include({ code: "BUSY", fault: "remote", retryable: true });
    expect(error).to.not.have.any.keys("hint", "cause");
  });

  it("carries a hint, a cause and another fault where it is given them", () => {
    const cause = new Error("why");

    const error = new MeshError("CLOSED", "gone", { cause, hint: "open it", fault: "network" });

    expect(error).to.include({ cause, hint: "open it", fault: "network" });
  });

  it("stays the same error when it is made one again", () => {
    const error = new MeshError("DENIED", "no");

    expect(toMeshError(error)).to.equal(error);
  });

  for (const [what, thrown, message] of [
    ["an Error", new TypeError("x is not a function"), "INTERNAL: x is not a function"],
    ["a string", "oops", "INTERNAL: oops"],
    ["nothing", undefined, "INTERNAL: undefined"],
    ["an object that has no text", Object.create(null), "INTERNAL: a thrown object"],
  ] as const) {
    it(`is INTERNAL for ${what} that was thrown`, () => {
      const error = toMeshError(thrown);

      expect(error.code satisfies ErrorCode).to.equal("INTERNAL");
      expect(error.message).to.equal(message);
      expect(error.cause).to.equal(thrown);
    });
  }
});

describe("quoted text", () => {
  it("is printable ASCII on one line, in double quotes, and short", () => {
    expect(quote("plain")).to.equal('"plain"');
    expect(quote('a"b\\c')).to.equal('"a\\"b\\\\c"');
    expect(quote("a\r\n\u001b[2J\u0000\u202eé")).to.equal(
      '"a\\u000d\\u000a\\u001b[2J\\u0000\\u202e\\u00e9"',
    );
    expect(quote("x".repeat(1000))).to.equal(`"${"x".repeat(60)}…"`);
  });
});

describe("protocol version", () => {
  it("is 1, and no other is spoken", () => {
    expect(protocolVersion).to.equal(1);
    expect(protocolVersionRange).to.deep.equal({ first: 1, last: 1 });
    expect([0, 1, 2, 1.5, "1", null, Number.NaN].map(isSpokenVersion)).to.deep.equal([
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
