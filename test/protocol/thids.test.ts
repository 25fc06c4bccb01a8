import { createHash } from "node:crypto";

import { expect } from "chai";

import {
  constantTimeEqual,
  eventThid,
  hashThid,
  isThid,
  randomThid,
  randomToken,
  readThid,
  thidBytes,
  thidFromBytes,
} from "@thynapse/protocol";
import { expectRefusal, refusalOf } from "./refusal.js";
import { fromHex, readVectors, shown, type ThidVectors } from "./vectors.js";

const vectors = readVectors<ThidVectors>("thids");

describe("THID", () => {
  for (const { text, thid } of vectors.reads) {
    it(`${text} is read as ${thid}`, () => {
      expect(readThid(text)).to.equal(thid);
      expect(isThid(thid)).to.equal(true);
      expect(isThid(text)).to.equal(text === thid);
    });

    it(`${thid} goes to 20 bytes and back`, () => {
      expect(thidBytes(thid)).to.have.length(20);
      expect(thidFromBytes(thidBytes(thid))).to.equal(thid);
    });
  }

  for (const row of vectors.refused) {
    it(`is not ${shown(row.id)}: ${shown(row.message)}`, () => {
      expectRefusal(row, () => readThid(row.id));
      expect(isThid(row.id)).to.equal(false);
    });
  }

  it("is required", () => {
    expectRefusal({ code: "BAD_ID", message: "id is required: 40 hex characters" }, () =>
      readThid(undefined),
    );
  });

  it("is made of 20 bytes, neither more nor fewer", () => {
    for (const length of [0, 19, 21]) {
      expect(refusalOf(() => thidFromBytes(Buffer.alloc(length))).code).to.equal("BAD_ID");
    }
  });

  it("is read from 20 bytes wherever they begin in their memory", () => {
    const bytes = Buffer.concat([Buffer.alloc(3), thidBytes("1".repeat(40))]).subarray(3);

    expect(thidFromBytes(bytes)).to.equal("1".repeat(40));
    expect(thidFromBytes(new Uint8Array(bytes))).to.equal("1".repeat(40));
  });

  it("is drawn anew each time", () => {
    const drawn = new Set(Array.from({ length: 100 }, randomThid));

    expect(drawn.size).to.equal(100);
    expect([...drawn].every(isThid)).to.equal(true);
  });

  it("of bytes is their SHA-1", () => {
    expect(hashThid(Buffer.from("abc"))).to.equal("a9993e364706816aba3e25717850c26c9cd0d89d");
  });
});

describe("THID of an event", () => {
  for (const { thid, hashed, body, ...event } of vectors.events) {
    it(`is ${thid} for number ${event.seq} on ${event.channel} with tag ${event.tag}`, () => {
      expect(eventThid({ ...event, body: fromHex(body) })).to.equal(thid);
      expect(createHash("sha1").update(fromHex(hashed)).digest("hex")).to.equal(thid);
    });
  }

  it("differs for each event of the vectors", () => {
    expect(new Set(vectors.events.map(({ thid }) => thid)).size).to.equal(vectors.events.length);
  });

  it("does not change when the event is sent again", () => {
    const event = { sender: "1".repeat(40), seq: 7, channel: "a", tag: 0, body: Buffer.from("x") };

    expect(eventThid(event)).to.equal(eventThid({ ...event, body: new Uint8Array(event.body) }));
  });
});

describe("secret", () => {
  it("is drawn with as many bits as asked for", () => {
    expect(randomToken(128)).to.match(/^[0-9a-f]{32}$/);
    expect(randomToken(128)).to.not.equal(randomToken(128));
  });

  it("is compared by value, of equal and of other length", () => {
    expect(constantTimeEqual("secret", "secret")).to.equal(true);
    expect(constantTimeEqual("secret", Buffer.from("secret"))).to.equal(true);
    expect(constantTimeEqual("secret", "secreT")).to.equal(false);
    expect(constantTimeEqual("secret", "secrets")).to.equal(false);
    expect(constantTimeEqual("", "")).to.equal(true);
    expect(constantTimeEqual("é", "e")).to.equal(false);
  });
});
