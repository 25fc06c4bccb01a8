import { expect } from "chai";

import { JsonStream } from "./json-stream.js";

describe("bench: json-stream", () => {
  it("counts from its first mark, and takes what follows in order", () => {
    const { stream, taken, missed } = streamOf();

    stream.mark(5);
    stream.read(5, { data: "e" });
    stream.read(6, { data: "f" });

    expect(taken).to.deep.equal(["e", "f"]);
    expect(stream.last).to.equal(6);
    expect(missed).to.deep.equal([]);
  });

  it("asks for a hole, and for what came while it was open", () => {
    const { stream, taken, missed } = streamOf();

    stream.mark(1);
    stream.read(3, { data: "c" });
    stream.read(4, { data: "d" });
    for (const first of [1, 2, 3]) stream.repair({ first, count: 1, data: first });
    stream.repair({ first: 4, count: 1, data: 4 });
    stream.read(5, { data: "e" });

    expect(missed).to.deep.equal([
      { catch: 7, first: 1, count: 3 },
      { catch: 7, first: 4, count: 1 },
    ]);
    expect(taken).to.deep.equal([1, 2, 3, 4, "e"]);
  });

  it("asks for the end that a heartbeat names", () => {
    const { stream, missed } = streamOf();

    stream.mark(1);
    stream.heard([
      [6, 9],
      [7, 2],
    ]);

    expect(missed).to.deep.equal([{ catch: 7, first: 1, count: 2 }]);
  });

  it("asks again for what a repair left out", () => {
    const { stream, missed } = streamOf();

    stream.mark(1);
    stream.heard([[7, 2]]);
    stream.repair({ first: 1, count: 1, data: 1 });
    stream.heard([[7, 2]]);
    expect(missed).to.have.length(1);

    stream.heard([[7, 2]]);
    expect(missed[1]).to.deep.equal({ catch: 7, first: 2, count: 1 });
  });

  it("fails on what is gone", () => {
    const { stream } = streamOf();
    stream.mark(1);

    expect(() => stream.repair({ first: 1, count: 4, gone: true, data: null })).to.throw(
      "4 events",
    );
  });
});

function streamOf() {
  const taken: unknown[] = [];
  const missed: unknown[] = [];
  const stream = new JsonStream(7, {
    take: (event) => taken.push(event.data),
    miss: (fields) => missed.push(fields),
  });
  return { stream, taken, missed };
}
