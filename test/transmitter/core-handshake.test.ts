import { expect } from "chai";

import { CoreBench, transmitterId } from "./core-bench.js";

describe("transmitter core: handshake", () => {
  it("welcomes a cell with all that it needs (§5.5)", () => {
    const { welcome } = new CoreBench().cell("greeter");

    expect(welcome).to.include({
      v: 1,
      id: transmitterId,
      pub: "tcp://127.0.0.1:5455",
      incarnation: 7,
      origin: `${transmitterId}.7`,
      mesh: "bench",
      heartbeatMs: 250,
      eventBytesMax: 1_048_576,
      windowBytes: 4_194_304,
    });
    expect(welcome["secret"]).to.match(/^[0-9a-f]{32}$/);
    expect(welcome["presence"]).to.be.a("string");
    expect(welcome["transmitters"]).to.deep.equal(["tcp://127.0.0.1:5454", "tcp://127.0.0.1:5464"]);
  });

  it("answers in the encoding of the HELO (§3.3)", () => {
    const cell = new CoreBench().stranger("M");

    cell.say("HELO", { id: "a".repeat(40), service: "greeter" });

    expect(cell.takeOne("WLCM").encoding).to.equal("M");
  });

  it("answers a second HELO with the same welcome, and one of another id with NOT_WELCOME (§5.3)", () => {
    const cell = new CoreBench().cell("greeter");

    cell.say("HELO", { id: cell.id, service: "greeter" });
    expect(cell.takeOne("WLCM").fields).to.deep.equal(cell.welcome);

    cell.say("HELO", { id: "b".repeat(40), service: "greeter" });
    expect(cell.takeOne("ERRO").fields).to.include({ code: "NOT_WELCOME", command: "HELO" });
    cell.say("CTCH", { pattern: "a", mode: "any" });
    expect(cell.takeOne("CGHT").fields["catch"]).to.equal(1);
  });

  it("refuses every other command before HELO, in the encoding of that command, uncharged (§5.3)", () => {
    const bench = new CoreBench();
    const stranger = bench.stranger("M");

    for (let i = 0; i < 40; i++) stranger.say("CTCH", { pattern: "a", mode: "any", ref: i });

    const errors = stranger.take("ERRO");
    expect(errors).to.have.length(40);
    expect(errors[39]?.encoding).to.equal("M");
    expect(errors[39]?.fields["code"]).to.equal("NOT_WELCOME");
  });

  it("answers an error behind an empty delimiter in the encoding of the message (§3.3)", () => {
    const stranger = new CoreBench().stranger("M");

    stranger.sayPart("", Buffer.concat([Buffer.from("M BEAT "), Buffer.from([0x80])]));

    expect(stranger.takeOne("ERRO").encoding).to.equal("M");
  });

  it("refuses commands in another encoding than that of the HELO (§3.3)", () => {
    const cell = new CoreBench().cell("greeter");

    cell.sayPart(Buffer.from([...Buffer.from("M BEAT "), 0x80]));

    expect(cell.takeOne("ERRO").fields).to.include({ code: "BAD_ENCODING", command: "BEAT" });
  });

  it("refuses an id that a living cell has, and its own (§2.5, §5.7)", () => {
    const bench = new CoreBench();
    const first = bench.cell("greeter");
    const second = bench.stranger();

    second.say("HELO", { id: first.id, service: "greeter" });
    second.say("HELO", { id: first.id, service: "greeter", secret: "0".repeat(32) });
    second.say("HELO", { id: transmitterId, service: "greeter" });

    const codes = second.take("ERRO").map(({ fields }) => fields["code"]);
    expect(codes).to.deep.equal(["ID_TAKEN", "ID_TAKEN", "ID_TAKEN"]);
    first.catch("a", "any");
  });

  it("lets the secret take over at once, and fences the old connection (§2.5, §9.6)", () => {
    const bench = new CoreBench();
    const first = bench.cell("greeter");
    const second = bench.stranger();

    second.hello({ id: first.id, service: "greeter", secret: first.welcome["secret"] as string });

    expect(second.welcome["secret"]).to.not.equal(first.welcome["secret"]);
    expect(first.takeOne("GBYE").fields["reason"]).to.equal("fenced");
    first.say("CTCH", { pattern: "a", mode: "any" });
    expect(first.takeOne("ERRO").fields["code"]).to.equal("NOT_WELCOME");
  });

  it("ignores a secret that it does not know (§9.7)", () => {
    const bench = new CoreBench();

    const cell = bench.cell("greeter", { secret: "0".repeat(32), session: 4 });

    expect(cell.welcome["id"]).to.equal(transmitterId);
  });

  it("answers a farewell, ends the catches, and takes a new HELO (§5.3, §9.5)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");
    const { catch: number } = cell.catch("a", "any");

    cell.say("GBYE");
    expect(cell.takeOne("GBYE").fields["reason"]).to.equal("farewell");
    cell.say("CRED", { catch: number, credit: 1 });
    expect(cell.takeOne("ERRO").fields).to.include({ code: "NOT_WELCOME", command: "CRED" });

    cell.hello({});
    expect(cell.welcome["id"]).to.equal(transmitterId);
  });

  it("tells what was confirmed before it answers a farewell (§5.8)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");

    bench.turn(() => {
      cell.send("a");
      cell.say("CTCH", { pattern: "a", mode: "any", ref: "late" });
      cell.send("b", { channel: "not a channel" });
      cell.say("GBYE");
    });

    expect(cell.take().map(({ command, fields }) => fields["state"] ?? command)).to.deep.equal([
      "accepted",
      "handled",
      "CGHT",
      "ERRO",
      "GBYE",
    ]);
  });

  for (const [fields, code] of [
    [{ service: "a" }, "BAD_ID"],
    [{ id: "a".repeat(39), service: "a" }, "BAD_ID"],
    [{ id: "a".repeat(40) }, "BAD_SERVICE"],
    [{ id: "a".repeat(40), service: "a.b" }, "BAD_SERVICE"],
    [{ id: "a".repeat(40), service: "a", v: 2 }, "BAD_VERSION"],
    [{ id: "a".repeat(40), service: "a", session: 0 }, "BAD_PAYLOAD"],
    [{ id: "a".repeat(40), service: "a", claims: [{ pattern: "a b" }] }, "BAD_PATTERN"],
    [{ id: "a".repeat(40), service: "a", claims: [{ pattern: "a", held: [[1]] }] }, "BAD_PAYLOAD"],
  ] as const) {
    it(`refuses HELO ${JSON.stringify(fields)} as ${code}, and welcomes the next one (§5.7)`, () => {
      const stranger = new CoreBench().stranger();

      stranger.say("HELO", fields);
      expect(stranger.takeOne("ERRO").fields).to.include({ code, command: "HELO" });

      stranger.hello({ service: "good" });
      expect(stranger.welcome["id"]).to.equal(transmitterId);
    });
  }
});

describe("transmitter core: frames", () => {
  it("counts what is empty and answers nothing (§3.4)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");

    cell.sayPart("");
    cell.sayPart();

    expect(cell.take()).to.deep.equal([]);
    expect(bench.core.counters.values.framesEmpty).to.equal(2);
  });

  it("counts what errors it is told, of a cell and of nobody, and answers nothing (§16)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");
    const stranger = bench.stranger();

    for (let n = 0; n < 30; n++) cell.say("ERRO", { code: "INTERNAL", message: "no", command: "" });
    stranger.sayPart("M ERRO \xc1");

    expect([...cell.take(), ...stranger.take()]).to.deep.equal([]);
    expect(bench.core.counters.values).to.include({ errorsIgnored: 31, errorsAnswered: 0 });
    cell.catch("a", "any");
  });

  for (const parts of [["J BEAT {}", "more"], ["", "", "J BEAT {}"], ["J"], ["J  BEAT {}"]]) {
    it(`refuses ${JSON.stringify(parts)} as BAD_FRAME (§3.1, §3.4)`, () => {
      const cell = new CoreBench().cell("greeter");

      cell.sayPart(...parts);

      expect(cell.takeOne("ERRO").fields["code"]).to.equal("BAD_FRAME");
    });
  }

  it("mutes a connection with the 20th error in 10 s, for 60 s (§15)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");
    const other = bench.cell("greeter");

    for (let i = 0; i < 30; i++) cell.say("CTCH", { pattern: "a b", mode: "any" });
    expect(cell.take("ERRO").map(({ fields }) => fields["code"])).to.deep.equal([
      ...Array.from({ length: 20 }, () => "BAD_PATTERN"),
      "MUTED",
    ]);
    cell.say("CTCH", { pattern: "a", mode: "any" });
    expect(cell.take("CGHT")).to.have.length(0);
    expect(bench.core.counters.values.framesMuted).to.be.greaterThan(10);
    other.catch("a", "any");

    bench.pass(60_001);
    cell.catch("a", "any");
  });

  it("forgets errors after 10 s (§15)", () => {
    const bench = new CoreBench();
    const cell = bench.cell("greeter");

    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 19; i++) cell.say("CTCH", { pattern: "a b", mode: "any" });
      bench.pass(10_001);
    }

    expect(cell.take("ERRO")).to.have.length(76);
    cell.catch("a", "any");
  });

  it("remembers the last 10 000 connections of nobody, and of cells any number (§5.3, §15)", () => {
    const bench = new CoreBench();
    for (let n = 0; n < 10_000; n++) bench.cell("greeter");
    const cell = bench.cell("greeter");
    cell.catch("a", "any");

    const stranger = bench.stranger();
    const errors = (count: number): unknown[] => {
      for (let n = 0; n < count; n++) stranger.say("FROB");
      return stranger.take("ERRO").map(({ fields }) => fields["code"]);
    };
    errors(10);
    for (let n = 0; n < 9_999; n++) bench.stranger().say("BEAT");
    expect(errors(10).at(-1), "not forgotten").to.equal("MUTED");
    cell.say("GBYE");
    expect(errors(1), "forgotten: the cell is nobody, too").to.deep.equal(["BAD_COMMAND"]);
  });

  it("names the offending command and its reference in the error (§5.5)", () => {
    const cell = new CoreBench().cell("greeter");

    cell.say("CTCH", { pattern: "a.>", mode: "any", ref: "mine" });

    const { fields } = cell.takeOne("ERRO");
    expect(fields).to.include({ code: "BAD_PATTERN", command: "CTCH", ref: "mine" });
    expect(fields["hint"]).to.contain("**");
  });

  it("refuses commands that are the transmitter's, and unknown ones, of a cell and of nobody (§5.3, §5.7)", () => {
    const bench = new CoreBench();

    for (const speaker of [bench.cell("greeter"), bench.stranger()]) {
      speaker.say("WLCM");
      speaker.say("MARK");
      speaker.say("FROB");

      const codes = speaker.take("ERRO").map(({ fields }) => fields["code"]);
      expect(codes).to.deep.equal(["BAD_COMMAND", "BAD_COMMAND", "BAD_COMMAND"]);
    }
  });
});
