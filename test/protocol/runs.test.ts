import { expect } from "chai";

import {
  checkChannel,
  encodeExtras,
  type EventExtras,
  RangeSet,
  readRun,
  type Run,
  RunWriter,
  sliceRun,
} from "@thynapse/protocol";
import { codesOfCuts, expectRefusal, type RefusedRow } from "./refusal.js";
import { fromHex, readVectors } from "./vectors.js";

/** The vectors of runs. */
interface RunVectors {
  readonly valid: readonly RunRow[];
  readonly readable: readonly RunRow[];
  readonly slices: readonly {
    readonly name: string;
    readonly of: string;
    readonly indexes: readonly number[];
    readonly bytes: string;
  }[];
  readonly refused: readonly (RefusedRow & { readonly name: string; readonly bytes: string })[];
}

interface RunRow {
  readonly name: string;
  readonly header: Opening;
  readonly events: readonly EventRow[];
  readonly bytes: string;
}

type Opening = Omit<Parameters<RunWriter["close"]>[0], "handled"> & {
  readonly handled?: [number, number][];
};

interface EventRow {
  readonly seq: number;
  readonly channel: string;
  readonly tag: number;
  readonly body: string;
  readonly extras?: EventExtras;
}

const vectors = readVectors<RunVectors>("runs");
const nothing = new Uint8Array(0);

describe("run", () => {
  for (const row of vectors.valid) {
    it(`of ${row.name} is written to its bytes`, () => {
      expect(write(row).toString("hex")).to.equal(row.bytes);
    });

    it(`of ${row.name} is refused wherever it is cut`, () => {
      const codes = codesOfCuts(fromHex(row.bytes), (cut) => readWhole(Buffer.from(cut)));

      expect(codes).to.deep.equal(["BAD_RUN"]);
    });
  }

  for (const row of [...vectors.valid, ...vectors.readable]) {
    it(`of ${row.name} is read`, () => {
      const run = readWhole(fromHex(row.bytes));

      expect(headerOf(run)).to.deep.equal(row.header);
      expect(eventsOf(run)).to.deep.equal(row.events);
      expect(run.last).to.equal(row.events[row.events.length - 1]?.seq);
    });
  }

  for (const { name, header, events, bytes } of vectors.readable) {
    it(`of ${name} says the same when it is written by us`, () => {
      const run = readRun(write({ header, events }), 0);

      expect(eventsOf(run)).to.deep.equal(eventsOf(readRun(fromHex(bytes), 0)));
    });
  }

  for (const { name, of, indexes, bytes } of vectors.slices) {
    it(`of ${of} gives a slice: ${name}`, () => {
      const row = vectors.valid.find((one) => one.name === of) as RunRow;
      const run = readRun(fromHex(row.bytes), 0);

      const slice = sliceRun(run, indexes, nothing);

      expect(slice.toString("hex")).to.equal(bytes);
      const kept = indexes.map((index) => row.events[index]);
      expect(eventsOf(readRun(slice, 0))).to.deep.equal(kept);
    });
  }

  for (const row of vectors.refused) {
    it(`is refused as ${row.code}: ${row.name}`, () => {
      expectRefusal(row, () => readWhole(fromHex(row.bytes)));
    });
  }

  it("is read where it stands behind the head of a frame", () => {
    const [row] = vectors.valid as [RunRow];
    const prefix = Buffer.from("M EVNT ");

    const part = write(row, prefix);

    expect(part.subarray(0, 7)).to.deep.equal(prefix);
    expect(eventsOf(readRun(part, 7))).to.deep.equal(row.events);
  });

  it("finds the first event that is not below a number", () => {
    const row = vectors.valid.find(({ name }) => name.startsWith("holes")) as RunRow;
    const run = readRun(fromHex(row.bytes), 0);

    const found = [1, 4, 5, 7, 8, 9, 300, 301].map((seq) => run.indexOf(seq));

    expect(found).to.deep.equal([0, 0, 1, 1, 2, 3, 3, 4]);
  });

  it("of many channels is sliced to those that are left", () => {
    const writer = new RunWriter(1024);
    for (let index = 0; index < 1000; index++) writer.append(`c${index}`, 2, Buffer.of(0xc0));
    const [{ header }] = vectors.valid as [RunRow];
    const run = readRun(writer.close({ ...header, handled: undefined }, nothing), 0);

    const slice = readRun(sliceRun(run, [3, 500, 999], nothing), 0);

    expect([...slice.header.channels]).to.deep.equal(["c3", "c500", "c999"]);
    expect(eventsOf(slice).map(({ seq }) => seq)).to.deep.equal([4, 501, 1000]);
  });

  it("that is kept holds no memory of others, and is the same", () => {
    for (const { bytes } of vectors.valid) {
      const run = readRun(fromHex(bytes), 0);

      const kept = run.kept();

      expect(kept.starts.buffer.byteLength).to.equal(4 * (run.count + 1));
      expect([kept.header, eventsOf(kept)]).to.deep.equal([run.header, eventsOf(run)]);
    }
  });

  it("keeps extras in a slice byte by byte, whatever stands in them", () => {
    // {"headers":{"constructor":"x","toJSON":"y"},"more":1}
    const extras = fromHex(
      "82a76865616465727382ab636f6e7374727563746f72a178a6746f4a534f4ea179a46d6f726501",
    );
    const writer = new RunWriter(1024);
    for (let index = 0; index < 5; index++) {
      writer.append(`c${index}`, 2, Buffer.alloc(300 * index, 0xc0), 1, extras);
    }
    const [{ header }] = vectors.valid as [RunRow];
    const run = readRun(writer.close({ ...header, handled: undefined }, nothing), 0);

    const slice = readRun(sliceRun(run, [0, 2, 4], nothing), 0);

    for (let index = 0; index < 3; index++) {
      expect(slice.extrasBytesAt(index)).to.deep.equal(extras);
      expect(slice.extrasAt(index)).to.deep.equal({ headers: { constructor: "x", toJSON: "y" } });
      expect(slice.bodyAt(index)).to.deep.equal(run.bodyAt(2 * index));
    }
  });

  it("has no bytes of extras for an event without any", () => {
    const writer = new RunWriter(64);
    writer.append("a", 2, Buffer.of(0xc0));
    const [{ header }] = vectors.valid as [RunRow];

    const run = readRun(writer.close({ ...header, handled: undefined }, nothing), 0);

    expect(run.extrasBytesAt(0)).to.equal(undefined);
  });
});

/** Reads a run and its channels, as a receiver does that trusts nobody. */
function readWhole(bytes: Buffer): Run {
  const run = readRun(bytes, 0);
  for (const channel of run.header.channels) checkChannel(channel, { system: true });
  return run;
}

function write({ header, events }: Pick<RunRow, "header" | "events">, prefix = nothing): Buffer {
  const writer = new RunWriter(64);
  let before = header.first - 1;
  for (const { seq, channel, tag, body, extras } of events) {
    writer.append(channel, tag, fromHex(body), seq - before, encodeExtras(extras));
    before = seq;
  }
  return writer.close({ ...header, handled: rangeSet(header.handled) }, prefix);
}

function rangeSet(ranges: Opening["handled"]): RangeSet | undefined {
  if (ranges === undefined) return undefined;
  const set = new RangeSet();
  for (const range of ranges) set.add(...range);
  return set;
}

function headerOf(run: Run): Opening {
  const { count, channels: _, handled, ...opening } = run.header;
  expect(count).to.equal(run.count);
  return handled === undefined ? opening : { ...opening, handled: handled.ranges() };
}

function eventsOf(run: Run): EventRow[] {
  return Array.from({ length: run.count }, (_, index) => {
    const extras = run.extrasAt(index);
    const event = {
      seq: run.seqAt(index),
      channel: run.channelAt(index),
      tag: run.tagAt(index),
      body: run.bodyAt(index).toString("hex"),
    };
    return extras === undefined ? event : { ...event, extras };
  });
}
