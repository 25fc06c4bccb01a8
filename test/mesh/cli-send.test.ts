import { type CaughtEvent, type Cell, connect } from "@thynapse/cell-sdk";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import { type RunEnd, type RunOptions, runThynapse, startThynapse } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

describe("cli: send", () => {
  let transmitter: Transmitter;
  let cell: Cell;
  const caught: CaughtEvent[] = [];

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent", backlogEventsMax: 5 });
    const options = { service: "listener", transmitters: transmitter.command, drainTimeoutMs: 0 };
    cell = await connect(options);
    await cell.multicatch("heard.**", (event) => void caught.push(event));
  });

  beforeEach(() => void caught.splice(0));

  after(async () => {
    await cell.close();
    await transmitter.close();
  });

  const send = (argv: readonly string[], options?: RunOptions) =>
    runThynapse(["send", "-t", transmitter.command, ...argv], options);

  /** In this process: faster, and without standard input. */
  const sendHere = (argv: readonly string[]) =>
    runVerb(["send", "-t", transmitter.command, ...argv]);

  const bodies: readonly (readonly [what: string, argv: readonly string[], data: unknown])[] = [
    ["a body with { is JSON", ['{"id": 7}'], { id: 7 }],
    ["a body with [ is JSON", ["[1, null]"], [1, null]],
    ["a body with a quote is JSON", ['"7"'], "7"],
    ["a body with anything else is text", ["7"], "7"],
    ["--as json makes a number of it", ["7", "--as", "json"], 7],
    ["--as text makes text of JSON", ["{7}", "--as", "text"], "{7}"],
    ["--as bytes makes bytes of it", ["é", "--as", "bytes"], Buffer.from("é")],
    ["an empty body is empty text", [""], ""],
    ["a body after -- may look like a flag", ["--", "--count"], "--count"],
  ];

  for (const [what, argv, data] of bodies) {
    it(what, async () => {
      const end = await sendHere(["heard.body", ...argv]);

      expect(end).to.deep.include({ code: 0, stdout: [], stderr: [] });
      await eventually(() => expect(caught.map((event) => event.data)).to.deep.equal([data]));
    });
  }

  it("reads the body from standard input where there is none, and sends null for nothing", async () => {
    await send(["heard.input"], { input: '{"id":\n8}' });
    await send(["heard.input"], { input: "two\nlines\n" });
    await send(["heard.input"]);

    await eventually(() =>
      expect(caught.map(({ data }) => data)).to.deep.equal([{ id: 8 }, "two\nlines\n", null]),
    );
  });

  it("says in one object what became of the event", async () => {
    const end = await sendHere(["heard.one", "x", "--json"]);

    const [event] = await eventually(() => {
      expect(caught).to.have.length(1);
      return caught;
    });
    expect(json(end)).to.deep.equal([
      {
        channel: "heard.one",
        sent: 1,
        accepted: 1,
        handled: 1,
        refused: 0,
        repeats: 0,
        matched0: 0,
        seq: 1,
        thid: event?.thid,
        matched: 1,
        repeat: false,
      },
    ]);
  });

  it("gives headers, a key and a time to live", async () => {
    const flags = ["-H", "a: 1", "-H", "b:2:3", "--key", "k", "--ttl", "1m"];
    await sendHere(["heard.extras", "x", ...flags]);

    const [event] = await eventually(() => {
      expect(caught).to.have.length(1);
      return caught;
    });
    expect(event?.headers).to.deep.equal({ a: "1", b: "2:3" });
    expect(event?.key).to.equal("k");
  });

  it("knows the event of an idempotency key again", async () => {
    const first = await sendHere(["heard.id", "x", "--event-id", "once", "--json"]);
    const second = await sendHere(["heard.id", "x", "--event-id", "once", "--json"]);

    expect(json(first)[0]).to.include({ repeats: 0 });
    expect(json(second)[0]).to.include({ repeats: 1, sent: 1 });
    await eventually(() => expect(caught).to.have.length(1));
  });

  it("sends often, in a rhythm", async () => {
    const startMs = performance.now();
    const end = await sendHere(["heard.tick", "x", "--count", "5", "--every", "50ms", "--json"]);

    expect(performance.now() - startMs).to.be.above(200);
    expect(json(end)[0]).to.include({ sent: 5, handled: 5 });
    await eventually(() => expect(caught).to.have.length(5));
  });

  it("sends each line without its newline; empty lines and an unfinished one count", async () => {
    const end = await send(["heard.lines", "--lines"], { input: 'one\n\n{"a":1}\r\nlast' });

    expect(end).to.deep.include({
      code: 0,
      stdout: [],
      stderr: ["sent 4, accepted 4, handled 4"],
    });
    await eventually(() =>
      expect(caught.map(({ data }) => data)).to.deep.equal(["one", "", '{"a":1}\r', "last"]),
    );
  });

  it("sends many lines, in order", async () => {
    const count = 50_000;
    const input = Array.from({ length: count }, (_, number) => `${number}\n`).join("");

    const end = await send(["heard.many", "--lines", "--json"], { input });

    expect(json(end)[0]).to.include({ sent: count, accepted: count, handled: count, matched0: 0 });
    await eventually(() => expect(caught).to.have.length(count));
    expect(caught.findIndex(({ data }, at) => data !== String(at))).to.equal(-1);
  });

  it("stops at a line that is not what --as says, after it has sent those before", async () => {
    const argv = ["heard.bad", "--lines", "--as", "json"];
    const end = await send(argv, { input: '{"a":1}\n{a}\n{"a":3}\n' });

    expect(end.code).to.equal(2);
    expect(end.stderr).to.deep.equal([
      "sent 1, accepted 1, handled 1",
      "thynapse: line 2: payload: not JSON at column 2; quote it or use --as text",
    ]);
    await eventually(() => expect(caught.map(({ data }) => data)).to.deep.equal([{ a: 1 }]));
  });

  it("ends with 0 and a line if nobody catches it, or with 4 if somebody must", async () => {
    const may = await sendHere(["unheard", "x"]);
    const must = await sendHere(["unheard", "x", "--require-listener"]);

    expect(may).to.deep.include({ code: 0, stderr: ["nobody catches unheard: matched 0"] });
    expect(must.code).to.equal(4);
    expect(must.stderr).to.have.length(1);
    expect(must.stderr[0]).to.match(/^thynapse: nobody catches unheard — /);
  });

  it("waits for handled: 3 if that takes too long, and accepted does not wait", async () => {
    const stuck = await cell.anycatch("stuck", () => new Promise(() => {}));

    const handled = await sendHere(["stuck", "x", "--timeout", "300ms", "--json"]);
    const accepted = await sendHere(["stuck", "x", "--until", "accepted", "--json"]);

    expect(handled.code).to.equal(3);
    expect(handled.stderr[0]).to.contain("1 of 1 events not handled in time, 1 accepted");
    expect(json(handled)[0]).to.include({ sent: 1, accepted: 1, handled: 0 });
    expect(accepted.code).to.equal(0);
    expect(json(accepted)[0]).to.include({ sent: 1, accepted: 1 });
    void stuck.release();
  });

  it("ends with 5 if the mesh refuses, and says why", async () => {
    const full = await cell.anycatch("full", () => new Promise(() => {}), { credit: 1 });

    const end = await sendHere(["full", "x", "--count", "20", "--timeout", "300ms", "--json"]);

    expect(end.code).to.equal(5);
    expect(end.stderr.join("\n")).to.contain("GROUP_FULL");
    expect(Number(json(end)[0]?.["refused"])).to.be.above(0);
    void full.release();
  });

  it("I59: says farewell on Ctrl-C, and ends with 130", async () => {
    const argv = ["send", "-t", transmitter.command, "heard.tick", "x"];
    const started = startThynapse([...argv, "--count", "9999", "--every", "10ms"]);
    await eventually(() => expect(caught.length).to.be.above(1));

    started.kill("SIGINT");

    expect(await started.exit).to.deep.equal({ code: 130, signal: null });
    expect(transmitter.status()["cells"]).to.equal(1);
  });
});

function json(end: RunEnd): Record<string, unknown>[] {
  return end.stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
}
