import { expect } from "chai";

import {
  type BodyTag,
  bodyFromJson,
  bodyTag,
  bodyToJson,
  decodeBody,
  encodeBody,
  encodeJson,
  type EncodedBody,
  eventBytesMax,
} from "@thynapse/protocol";
import { codesOfCuts, expectRefusal, refusalOf } from "./refusal.js";
import { type BodyValue, type BodyVectors, fromHex, readVectors } from "./vectors.js";

const vectors = readVectors<BodyVectors>("bodies");

describe("body", () => {
  for (const { name, tag, bytes, json, value } of vectors.valid) {
    it(`of ${name} is given to a cell of encoding J as its vector says`, () => {
      expect(bodyToJson(tag, fromHex(bytes))).to.deep.equal(json);
    });

    if (value === undefined) continue;

    it(`of ${name} is encoded to its bytes, and decoded to what was encoded`, () => {
      const body = encoded(value);

      expect(body.tag).to.equal(tag);
      expect(Buffer.from(body.bytes).toString("hex")).to.equal(bytes);
      expect(decodeBody(tag, body.bytes)).to.deep.equal(decoded(value));
    });

    if (tag === bodyTag.messagePack) {
      it(`of ${name} is refused wherever it is cut`, () => {
        const codes = codesOfCuts(fromHex(bytes), (cut) => decodeBody(tag, cut));

        expect(codes).to.deep.equal(["BAD_PAYLOAD"]);
      });
    }
  }

  for (const { name, tag, bytes } of vectors.unsayable) {
    it(`of ${name} is decoded, but cannot be said in J`, () => {
      expect(() => decodeBody(tag, fromHex(bytes))).to.not.throw();
      expect(refusalOf(() => bodyToJson(tag, fromHex(bytes))).code).to.equal("BAD_PAYLOAD");
    });
  }

  for (const row of vectors.refused) {
    it(`is refused as ${row.code}: ${row.name}`, () => {
      expectRefusal(row, () => decodeBody(row.tag, fromHex(row.bytes)));
      expectRefusal(row, () => bodyToJson(row.tag, fromHex(row.bytes)));
    });
  }

  it("in JSON that is cut is refused wherever the text is not complete before its end", () => {
    const text = encodeJson({ a: [1, { b: "é\\n" }], c: true, d: null, e: -1.5e3 });

    const codes = codesOfCuts(text, (cut) => decodeBody(bodyTag.json, cut));

    expect(codes).to.deep.equal(["BAD_PAYLOAD"]);
  });

  it("of bytes is sent and received without a copy", () => {
    const data = new Uint8Array([1, 2, 3]);

    expect(encodeBody(data)).to.deep.equal({ tag: bodyTag.bytes, bytes: data });
    expect(encodeBody(data).bytes).to.equal(data);
    const received = decodeBody(bodyTag.bytes, data, 1, 3) as Uint8Array;
    expect(received.buffer).to.equal(data.buffer);
    expect([...received]).to.deep.equal([2, 3]);
  });

  it("is decoded where it stands among others", () => {
    const around = Buffer.from("..[1]..");

    expect(decodeBody(bodyTag.json, around, 2, 5)).to.deep.equal([1]);
    expect(decodeBody(bodyTag.messagePack, fromHex("c1a161c1"), 1, 3)).to.equal("a");
  });

  it("without data is nil", () => {
    expect(encodeBody(undefined).bytes).to.deep.equal(fromHex("c0"));
  });

  it("is taken up to 1 MiB, and refused one byte beyond", () => {
    const fits = "x".repeat(eventBytesMax - 5);

    expect(encodeBody(fits).bytes).to.have.length(eventBytesMax);
    expect(encodeBody(Buffer.alloc(eventBytesMax)).bytes).to.have.length(eventBytesMax);
    for (const act of [
      () => encodeBody(`${fits}x`),
      () => encodeBody(Buffer.alloc(eventBytesMax + 1)),
      () => bodyFromJson({ data: "x".repeat(eventBytesMax - 1) }),
      () => bodyFromJson({ bytes: Buffer.alloc(eventBytesMax + 1).toString("base64") }),
    ]) {
      expect(refusalOf(act).code).to.equal("TOO_LARGE");
    }
  });

  it("of a JSON key __proto__ is delivered as it is, and changes no prototype", () => {
    const text = Buffer.from('{"__proto__":{"x":1}}');

    const value = decodeBody(bodyTag.json, text) as object;

    expect(Object.hasOwn(value, "__proto__")).to.equal(true);
    expect(({} as { x?: number }).x).to.equal(undefined);
    expect(encodeJson((bodyToJson(bodyTag.json, text) as { data: unknown }).data)).to.deep.equal(
      text,
    );
  });
});

describe("body in J", () => {
  it("is data, or bytes in base64, or null if it is neither", () => {
    expect(bodyFromJson({ data: { n: 1 } })).to.deep.equal(body(bodyTag.json, '{"n":1}'));
    expect(bodyFromJson({ data: null })).to.deep.equal(body(bodyTag.json, "null"));
    expect(bodyFromJson({})).to.deep.equal(body(bodyTag.json, "null"));
    expect(bodyFromJson({ bytes: "aGVsbG8=" })).to.deep.equal(body(bodyTag.bytes, "hello"));
    expect(bodyFromJson({ bytes: "aGVsbG8" })).to.deep.equal(body(bodyTag.bytes, "hello"));
    expect(bodyFromJson({ bytes: "" })).to.deep.equal(body(bodyTag.bytes, ""));
  });

  it("is not data and bytes together", () => {
    expectRefusal({ code: "BAD_PAYLOAD", message: "not both" }, () =>
      bodyFromJson({ data: 1, bytes: "AA==" }),
    );
  });

  for (const bytes of ["é", "A", "AAA=A", "AA==AA==", "A A=", "AB==", "-_8=", "*", 7, null, [1]]) {
    it(`is not base64 if it is ${JSON.stringify(bytes)}`, () => {
      expect(refusalOf(() => bodyFromJson({ bytes })).code).to.equal("BAD_PAYLOAD");
    });
  }
});

function body(tag: BodyTag, text: string): EncodedBody {
  return { tag, bytes: Buffer.from(text) };
}

function encoded(value: BodyValue): EncodedBody {
  return "data" in value ? bodyFromJson(value) : encodeBody(decoded(value));
}

function decoded(value: BodyValue): unknown {
  if ("json" in value) return value.json;
  if ("data" in value) return value.data;
  if ("date" in value) return new Date(value.date);
  if ("binaryIn" in value) return { [value.binaryIn]: fromHex(value.hex) };
  return fromHex(value.bytes);
}
