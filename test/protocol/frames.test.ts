import { expect } from "chai";

import {
  commandBytesMax,
  decodeJson,
  decodePayloadMap,
  readFrame,
  writeFrame,
  writeFrameHead,
} from "@thynapse/protocol";
import { codesOfCuts, expectRefusal, refusalOf } from "./refusal.js";
import { fromHex, type FrameVectors, readVectors } from "./vectors.js";

const vectors = readVectors<FrameVectors>("frames");

describe("frame", () => {
  for (const { name, encoding, command, payload, bytes } of vectors.valid) {
    it(`with ${name} is written to its bytes and read from them`, () => {
      const frame = readFrame(fromHex(bytes));

      expect(frame.encoding).to.equal(encoding);
      expect(frame.command).to.equal(command);
      expect(frame.payload.toString("hex")).to.equal(payload);
      expect(writeFrame(encoding, command, fromHex(payload)).toString("hex")).to.equal(bytes);
    });

    it(`with ${name} is refused wherever it is cut`, () => {
      const codes = codesOfCuts(fromHex(bytes), (cut) => {
        const frame = readFrame(cut);
        return frame.encoding === "J" ? decodeJson(frame.payload) : decodePayloadMap(frame.payload);
      });

      expect(codes).to.deep.equal(["BAD_FRAME", "BAD_PAYLOAD"]);
    });
  }

  for (const row of vectors.refused) {
    it(`is refused as ${row.code}: ${row.name}`, () => {
      expectRefusal(row, () => readFrame(fromHex(row.bytes)));
    });
  }

  it("gives its payload as a view on the part, not as a copy", () => {
    const part = Buffer.from("....J HELO {}").subarray(4);

    const { payload } = readFrame(part);

    expect(payload.buffer).to.equal(part.buffer);
    expect(payload.toString()).to.equal("{}");
  });

  it("is read from any Uint8Array, wherever that begins in its memory", () => {
    const bytes = new Uint8Array([0, 0, ...Buffer.from("M BEAT "), 0x80]).subarray(2);

    expect(readFrame(bytes).payload).to.deep.equal(Buffer.from([0x80]));
  });

  it("is taken up to its limit, and refused one byte beyond", () => {
    const part = Buffer.alloc(commandBytesMax + 1, 0x20);
    part.set(Buffer.from("J HELO {}"));

    expect(readFrame(part.subarray(0, commandBytesMax)).command).to.equal("HELO");
    expect(refusalOf(() => readFrame(part)).code).to.equal("TOO_LARGE");
  });

  it("has its head written in front of a payload that is already there", () => {
    const part = Buffer.from(".......{}");

    writeFrameHead("J", "GBYE", part);

    expect(part.toString()).to.equal("J GBYE {}");
  });

  it("refuses any single byte of the head that is another", () => {
    const good = Buffer.from("J HELO {}");
    for (let at = 0; at < 7; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const part = Buffer.from(good);
        part[at] = byte;
        const capital = byte >= 0x41 && byte <= 0x5a;
        const fine =
          at === 0
            ? byte === 0x4a || byte === 0x4d
            : at === 1 || at === 6
              ? byte === 0x20
              : capital;
        if (fine) expect(readFrame(part).payload.toString()).to.equal("{}");
        else
          expect(refusalOf(() => readFrame(part)).code).to.match(/^BAD_(ENCODING|FRAME|COMMAND)$/);
      }
    }
  });
});
