import { expect } from "chai";
import { Dealer, Request } from "zeromq";

import { readHeard } from "../../bench-heard.js";
import { Stranger } from "../stranger.js";
import type { Subject } from "../subject.js";
import { closing, expectRefusal, type Scene } from "./scene.js";

/** Comings, goings and takings-over that are odd or wrong. @see PROTOCOL.md §3.4, §5.3, §9.7 */
export const attachmentScenes: readonly Scene[] = [
  {
    ids: ["A1", "A6"],
    name: "an empty frame, which may be a delimiter alone, is counted and not answered",
    play: async (subject) => {
      const before = await subject.metrics();
      const stranger = new Stranger(subject);
      await closing([stranger], async () => {
        await stranger.sendParts("");
        await stranger.sendParts("");

        await stranger.expectServed();
        const after = await subject.metrics();
        expect(countOf(after, "framesEmpty") - countOf(before, "framesEmpty")).to.equal(2);
        await stranger.leave();
      });
    },
  },
  {
    ids: ["A23"],
    name: "an error is counted and not answered, before HELO and behind it",
    play: async (subject) => {
      const before = await subject.metrics();
      const stranger = new Stranger(subject);
      await closing([stranger], async () => {
        await stranger.say("ERRO", { code: "INTERNAL", message: "no", command: "WLCM" });
        await stranger.expectServed();
        await stranger.say("ERRO");

        await stranger.expectServed();
        const after = await subject.metrics();
        expect(countOf(after, "errorsIgnored") - countOf(before, "errorsIgnored")).to.equal(2);
        await stranger.leave();
      });
    },
  },
  {
    ids: ["A25"],
    name: "a second HELO of the same id is answered by the same WLCM",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const { welcome } = cell;

        await cell.hello();

        expect(cell.welcome).to.deep.equal(welcome);
        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["A26"],
    name: "a second HELO of another id is NOT_WELCOME",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        await cell.say("HELO", { id: "a2".repeat(20), service: "other" });

        await expectRefusal(cell, "NOT_WELCOME", "this connection is another cell's");
        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["A27"],
    name: "a HELO of a living id is ID_TAKEN, and with the resume secret it fences the old one",
    play: async (subject) => {
      const [old, young] = [await Stranger.cell(subject), new Stranger(subject)];
      await closing([old, young], async () => {
        const { id, welcome } = old;
        await young.say("HELO", { id, service: "strangers" });
        await expectRefusal(young, "ID_TAKEN", "another connection has this id");

        await young.say("HELO", { id, service: "strangers", secret: welcome["secret"] });

        const renewed = await young.expect("WLCM");
        expect(renewed["secret"]).to.not.equal(welcome["secret"]);
        expect(await old.expect("GBYE")).to.include({ reason: "fenced" });
        await old.say("CTCH", { pattern: "a", mode: "multi" });
        await expectRefusal(old, "NOT_WELCOME", "say HELO first");
        await young.say("GBYE");
        await young.expect("GBYE");
      });
    },
  },
  {
    ids: ["A28"],
    name: "a HELO of a living id with a wrong secret is ID_TAKEN, whatever its length",
    play: async (subject) => {
      const [old, young] = [await Stranger.cell(subject), new Stranger(subject)];
      await closing([old, young], async () => {
        for (const secret of ["0".repeat(32), "é".repeat(32), String(old.welcome["id"]).slice(8)]) {
          await young.say("HELO", { id: old.id, service: "strangers", secret });
          await expectRefusal(young, "ID_TAKEN");
        }

        await young.expectServed();
        await old.expectServed();
        await old.leave();
        await young.leave();
      });
    },
  },
  {
    ids: ["A38"],
    name: "a REQ is answered behind its delimiter, with errors too",
    play: async (subject) => {
      const request = new Request({ linger: 0, receiveTimeout: 5000 });
      request.connect(subject.command);
      await closing([request], async () => {
        await request.send("J HELO []");
        expect(await lastOf(request)).to.equal("ERRO");

        await request.send(`J HELO {"id":"${"a3".repeat(20)}","service":"asks"}`);

        expect(await lastOf(request)).to.equal("WLCM");
        await request.send("J GBYE {}");
        expect(await lastOf(request)).to.equal("GBYE");
      });
    },
  },
  {
    ids: ["A42"],
    name: "a part over 4 MiB is TOO_LARGE, and one far over it ends its connection alone",
    play: async (subject) => {
      const [stranger, bystander] = [new Stranger(subject), await Stranger.cell(subject)];
      await closing([stranger, bystander], async () => {
        const bytes = Buffer.alloc(4 * 1024 * 1024 + 1, "J BEAT ");
        await stranger.sendParts(bytes);
        await expectRefusal(stranger, "TOO_LARGE", "4194305 bytes, at most 4194304");

        await stranger.sendParts(Buffer.alloc(5 * 1024 * 1024, 0x20));

        // Its socket connects anew, which is another connection: what it says next is heard.
        await stranger.expectServed();
        await bystander.expectServed();
        await stranger.leave();
        await bystander.leave();
      });
    },
  },
  {
    ids: ["A48"],
    name: "a second GBYE is NOT_WELCOME",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        await cell.say("GBYE");
        await cell.expect("GBYE");

        await cell.say("GBYE");

        await expectRefusal(cell, "NOT_WELCOME", "connection was closed by GBYE");
      });
    },
  },
  {
    ids: ["A49"],
    name: "an event after GBYE is NOT_WELCOME",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        await cell.say("GBYE");
        await cell.expect("GBYE");

        await cell.say("EVNT", { channel: "a", seq: 1 });

        const { seq } = await expectRefusal(cell, "NOT_WELCOME", "connection was closed by GBYE");
        expect(seq).to.equal(1);
      });
    },
  },
  {
    ids: ["A50"],
    name: "a HELO after GBYE is welcome, of the same id and of another",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        for (const id of [cell.id, "a4".repeat(20)]) {
          await cell.say("GBYE");
          await cell.expect("GBYE");

          await cell.say("HELO", { id, service: "again" });

          await cell.expect("WLCM");
          await cell.expectServed();
        }
        await cell.leave();
      });
    },
  },
  {
    ids: ["A51"],
    name: "a DEALER that chose its routing id is told so, and takes nobody's place",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      const chosen = ["own id", "\u0000abc", "x".repeat(255)].map((id) => dealerNamed(subject, id));
      await closing([cell, ...chosen], async () => {
        for (const dealer of chosen) {
          await dealer.send(`J HELO {"id":"${"a5".repeat(20)}","service":"own"}`);
          const { command, fields } = readHeard((await dealer.receive())[0] as Buffer);
          expect(command).to.equal("ERRO");
          expect(fields).to.include({ code: "BAD_ID", hint: "set no routing id on the DEALER" });
        }

        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["A52"],
    name: "a cell that changes its encoding is refused, and served in the one of its HELO",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        await cell.sendParts(Buffer.concat([Buffer.from("M BEAT "), Buffer.from([0x80])]));

        await expectRefusal(cell, "BAD_ENCODING", "speaks J since its HELO");
        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["B37"],
    name: "the transmitter's own id is ID_TAKEN",
    play: async (subject) => {
      const stranger = new Stranger(subject);
      await closing([stranger], async () => {
        for (const id of [subject.id, subject.id.toUpperCase()]) {
          await stranger.say("HELO", { id, service: "mirror" });
          await expectRefusal(stranger, "ID_TAKEN");
        }
        await stranger.expectServed();
        await stranger.leave();
      });
    },
  },
  {
    ids: ["B35"],
    name: "an id in upper case is taken, and is the same cell as in lower case",
    play: async (subject) => {
      const [upper, lower] = [new Stranger(subject), new Stranger(subject)];
      await closing([upper, lower], async () => {
        await upper.hello({ id: "ABCDEF0123".repeat(4) });

        await lower.say("HELO", { id: "abcdef0123".repeat(4), service: "strangers" });

        await expectRefusal(lower, "ID_TAKEN");
        await upper.leave();
      });
    },
  },
];

function dealerNamed(subject: Subject, routingId: string): Dealer {
  const dealer = new Dealer({ linger: 0, receiveTimeout: 5000, routingId });
  dealer.connect(subject.command);
  return dealer;
}

/** The command of the next answer of a REQ, whose delimiter ZeroMQ has taken off. */
async function lastOf(request: Request): Promise<string> {
  const parts = await request.receive();
  return readHeard(parts[parts.length - 1] as Buffer).command;
}

function countOf(metrics: Record<string, number>, name: string): number {
  return metrics[name] ?? Number.NaN;
}
