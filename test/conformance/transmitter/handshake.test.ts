import { expect } from "chai";

import { freshId, encodings, fresh } from "./names.js";
import { RawCell } from "./raw-cell.js";
import { sharedTransmitter } from "./under-test.js";

describe("transmitter conformance: handshake", () => {
  const transmitter = sharedTransmitter();

  for (const encoding of encodings) {
    it(`welcomes a cell in ${encoding} with every field (§5.5)`, async () => {
      const { welcome } = await RawCell.attach(transmitter, { encoding });

      expect(welcome).to.include({
        v: 1,
        id: transmitter.id,
        heartbeatMs: 250,
        eventBytesMax: 1_048_576,
        windowBytes: 4_194_304,
      });
      expect(welcome["pub"]).to.match(/^tcp:\/\/.+:\d+$/);
      expect(welcome["incarnation"]).to.be.a("number");
      for (const name of ["origin", "presence", "mesh"]) expect(welcome[name]).to.be.a("string");
      expect(welcome["secret"]).to.match(/^[0-9a-f]{32}$/);
      expect(welcome["transmitters"]).to.include(transmitter.command);
    });

    it(`refuses all but HELO before it, in ${encoding}, however often (§5.3, §15)`, async () => {
      const stranger = new RawCell(transmitter, { encoding });

      for (let n = 0; n < 30; n++) stranger.say("CTCH", { pattern: "a", mode: "any", ref: n });

      for (let n = 0; n < 30; n++) {
        const { fields, encoding: answered } = await stranger.command("ERRO");
        expect(fields).to.include({ code: "NOT_WELCOME", command: "CTCH" });
        expect(answered).to.equal(encoding);
      }
      await stranger.hello();
    });

    it(`refuses a command in another encoding than ${encoding}, that of the HELO (§3.3)`, async () => {
      const cell = await RawCell.attach(transmitter, { encoding });
      const other = encoding === "J" ? Buffer.from([...Buffer.from("M BEAT "), 0x80]) : "J BEAT {}";

      cell.sayParts(other);

      expect(await cell.error()).to.include({ code: "BAD_ENCODING", command: "BEAT" });
      await cell.catch(fresh(), "any");
    });
  }

  it("takes an upper-case id and writes it lower (§2.1)", async () => {
    const id = freshId().toUpperCase();
    const channel = fresh();
    const watch = await RawCell.attach(transmitter);
    const { topic } = await watch.listen(channel);
    const cell = await RawCell.attach(transmitter, { id });

    cell.send({ channel });

    const { event } = await watch.streamed.next((one) => one.topic === topic);
    expect(event?.from.id).to.equal(id.toLowerCase());
  });

  it("answers a second HELO of the same id with the same welcome, and changes nothing (§5.3)", async () => {
    const cell = await RawCell.attach(transmitter);
    const { catch: number } = await cell.catch(fresh(), "any");

    cell.say("HELO", { id: cell.id, service: cell.service });
    const { fields } = await cell.command("WLCM");

    expect(fields).to.deep.equal(cell.welcome);
    cell.say("CRED", { catch: number, credit: 2 });
    await cell.roundTrip();
    expect(cell.commands.takeAll()).to.deep.equal([]);
  });

  it("refuses a HELO of another id on the same connection (§5.3)", async () => {
    const cell = await RawCell.attach(transmitter);

    cell.say("HELO", { id: freshId(), service: "x" });

    expect(await cell.error()).to.include({ code: "NOT_WELCOME", command: "HELO" });
    await cell.roundTrip();
  });

  it("refuses the id of a living cell without its secret, and its own (§2.5, §5.7)", async () => {
    const { id } = await RawCell.attach(transmitter);
    const other = new RawCell(transmitter);

    other.say("HELO", { id, service: "x" });
    expect(await other.error()).to.include({ code: "ID_TAKEN", command: "HELO" });
    other.say("HELO", { id, service: "x", secret: "0".repeat(32) });
    expect(await other.error()).to.include({ code: "ID_TAKEN" });
    other.say("HELO", { id: transmitter.id, service: "x" });
    expect(await other.error()).to.include({ code: "ID_TAKEN" });

    await other.hello();
  });

  it("gives the id to who has the secret at once, and fences the old connection (§2.5, §9.6, §9.7)", async () => {
    const old = await RawCell.attach(transmitter);
    const { catch: number } = await old.catch(fresh(), "any");
    const secret = old.welcome["secret"] as string;

    const cell = await RawCell.attach(transmitter, { ...old, secret, session: 2 });

    expect(cell.welcome["secret"]).to.not.equal(secret);
    expect((await old.command("GBYE")).fields["reason"]).to.equal("fenced");
    old.say("CRED", { catch: number, credit: 1 });
    expect(await old.error()).to.include({ code: "NOT_WELCOME", command: "CRED" });
    cell.say("CRED", { catch: number, credit: 1 });
    expect(await cell.error()).to.include({ code: "UNKNOWN_CATCH", command: "CRED" });
  });

  it("ignores a secret that it does not know (§9.7)", async () => {
    await RawCell.attach(transmitter, { secret: "0".repeat(32), session: 9 });
  });

  it("answers GBYE, ends the catches, and takes a new HELO on the connection (§5.3, §9.5)", async () => {
    const cell = await RawCell.attach(transmitter);
    const { catch: number } = await cell.catch(fresh(), "any");
    // A beat that crosses its farewell would be answered, and that be refused.
    cell.beating = false;

    cell.say("GBYE");
    expect((await cell.command("GBYE")).fields["reason"]).to.equal("farewell");
    cell.send({ channel: fresh() });
    expect(await cell.error()).to.include({ code: "NOT_WELCOME", command: "EVNT" });

    await cell.hello();
    cell.say("CRED", { catch: number, credit: 1 });
    expect(await cell.error()).to.include({ code: "UNKNOWN_CATCH" });
  });

  it("answers behind an empty delimiter with one, as a REQ needs it (§3.4)", async () => {
    const cell = new RawCell(transmitter);

    cell.sayParts("", `J HELO ${JSON.stringify({ id: cell.id, service: cell.service })}`);

    expect((await cell.command("WLCM")).fields["id"]).to.equal(transmitter.id);
    expect(cell.delimiters).to.equal(1);
  });

  for (const [fields, code] of [
    [{ service: "a" }, "BAD_ID"],
    [{ id: freshId().slice(1), service: "a" }, "BAD_ID"],
    [{ id: `${freshId()}0`, service: "a" }, "BAD_ID"],
    [{ id: 7, service: "a" }, "BAD_ID"],
    [{ id: freshId() }, "BAD_SERVICE"],
    [{ id: freshId(), service: "" }, "BAD_SERVICE"],
    [{ id: freshId(), service: "a.b" }, "BAD_SERVICE"],
    [{ id: freshId(), service: "../x" }, "BAD_SERVICE"],
    [{ id: freshId(), service: "\u0440ayments" }, "BAD_SERVICE"],
    [{ id: freshId(), service: "a", v: 2 }, "BAD_VERSION"],
    [{ id: freshId(), service: "a", v: "1" }, "BAD_VERSION"],
    [{ id: freshId(), service: "a", session: 0 }, "BAD_PAYLOAD"],
    [{ id: freshId(), service: "a", secret: 7 }, "BAD_PAYLOAD"],
    [{ id: freshId(), service: "a", claims: {} }, "BAD_PAYLOAD"],
    [{ id: freshId(), service: "a", claims: [{ pattern: "a b" }] }, "BAD_PATTERN"],
    [{ id: freshId(), service: "a", claims: [{ pattern: "a", held: [[1]] }] }, "BAD_PAYLOAD"],
  ] as const) {
    const shown = JSON.stringify(fields).replace(/[0-9a-f]{38,}/, (id) => `${id.length} digits`);
    it(`refuses HELO ${shown} as ${code}, and welcomes the next (§5.7)`, async () => {
      const cell = new RawCell(transmitter);

      cell.say("HELO", fields);

      expect(await cell.error()).to.include({ code, command: "HELO" });
      await cell.hello();
    });
  }
});
