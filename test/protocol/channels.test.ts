import { expect } from "chai";
import fc from "fast-check";

import { checkChannel, checkService, isSystemChannel } from "@thynapse/protocol";
import { expectRefusal, refusalOf } from "./refusal.js";
import { type ChannelVectors, readVectors, shown } from "./vectors.js";

const vectors = readVectors<ChannelVectors>("channels");

describe("channel", () => {
  for (const { channel } of vectors.valid) {
    it(`${shown(channel)} is one, and is not the mesh's own`, () => {
      expect(checkChannel(channel)).to.equal(channel);
      expect(isSystemChannel(channel)).to.equal(false);
    });
  }

  for (const { channel } of vectors.system) {
    it(`${shown(channel)} is one that only transmitters send on`, () => {
      expect(checkChannel(channel, { system: true })).to.equal(channel);
      expect(isSystemChannel(channel)).to.equal(true);
      expect(refusalOf(() => checkChannel(channel)).code).to.equal("DENIED");
    });
  }

  for (const row of vectors.refused) {
    it(`${shown(row.channel)} is refused: ${shown(row.message)}`, () => {
      expectRefusal(row, () => checkChannel(row.channel));
    });

    if (row.code !== "DENIED") {
      it(`${shown(row.channel)} is refused in the same words where $ is allowed`, () => {
        expectRefusal(row, () => checkChannel(row.channel, { system: true }));
      });
    }
  }

  it("undefined and a lone surrogate, which JSON cannot write, are refused", () => {
    expectRefusal({ code: "BAD_CHANNEL", message: "must be a string" }, () =>
      checkChannel(undefined),
    );
    expectRefusal({ code: "BAD_CHANNEL", message: "not valid Unicode" }, () =>
      checkChannel("a\ud800"),
    );
    expectRefusal({ code: "BAD_CHANNEL", message: "not valid Unicode" }, () =>
      checkChannel("\udc00.a"),
    );
  });

  it("names that objects have anyway leave no trace on other objects", () => {
    checkChannel("a.__proto__.b");

    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it("is quoted in a refusal so that it cannot forge a line or move a terminal's cursor", () => {
    for (const hostile of ["a\r\nFAKE LOG", "\u001b[2J", "a\u202eb", "a\u2028b", "a\u0085b"]) {
      expect(refusalOf(() => checkChannel(hostile)).message).to.match(/^[ -~]+$/);
    }
  });

  it("of a megabyte is refused in a short message", () => {
    const refusal = refusalOf(() => checkChannel(" ".repeat(1 << 20)));

    expect(refusal.code).to.equal("BAD_CHANNEL");
    expect(refusal.message.length).to.be.below(200);
  });

  it("is judged as the grammar says, whatever the text", () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from("aZ09_-:@..$* /é")),
      maxLength: 80,
    });
    fc.assert(
      fc.property(text, (channel) => {
        expect(isRefused(() => checkChannel(channel, { system: true }))).to.equal(
          !isChannelBySpecification(channel),
        );
      }),
      { numRuns: 3000 },
    );
  });
});

describe("service", () => {
  for (const { service } of vectors.services) {
    it(`${shown(service)} is one`, () => {
      expect(checkService(service)).to.equal(service);
    });
  }

  for (const row of vectors.refusedServices) {
    it(`${shown(row.service)} is refused: ${shown(row.message)}`, () => {
      expectRefusal(row, () => checkService(row.service));
    });
  }

  it("with a lone surrogate is refused", () => {
    expectRefusal({ code: "BAD_SERVICE", message: "not valid Unicode" }, () =>
      checkService("a\ud800"),
    );
  });

  it("with a dot is told that a service is one segment", () => {
    expect(refusalOf(() => checkService("a.b")).hint).to.contain("one segment");
  });
});

/** The grammar of PROTOCOL.md §4, as slowly as it is written there. */
function isChannelBySpecification(text: string): boolean {
  const name = text.startsWith("$") ? text.slice(1) : text;
  const segments = name.split(".");
  return (
    text.length <= 255 &&
    segments.length <= 32 &&
    text.split(".").every((segment) => segment.length <= 64) &&
    segments.every((segment) => /^[A-Za-z0-9_:@-]+$/.test(segment))
  );
}

function isRefused(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
