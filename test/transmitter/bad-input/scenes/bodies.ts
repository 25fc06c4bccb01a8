import { expect } from "chai";

import { encodeMessagePack } from "@thynapse/protocol";
import { Stranger } from "../stranger.js";
import type { Subject } from "../subject.js";
import { closing, type Scene } from "./scene.js";

/** A scene in which one cell sends events in `J`, as texts, and gets what it sent. */
function delivered(id: string, name: string, texts: readonly string[], expected: string[]): Scene {
  return {
    ids: [id],
    name,
    play: async (subject) => {
      const cell = await catching(subject, "odd.**");
      await closing([cell], async () => {
        for (const text of texts) await cell.sendParts(`J EVNT ${text}`);

        const got: string[] = [];
        while (got.length < expected.length) {
          const { command, fields } = await cell.next();
          if (command === "DLVR") got.push(JSON.stringify([fields["channel"], fields["data"]]));
          else expect(command, JSON.stringify(fields)).to.equal("CNFM");
        }
        expect(got).to.deep.equal(expected);
        await cell.leave();
      });
    },
  };
}

async function catching(subject: Subject, pattern: string): Promise<Stranger> {
  const cell = await Stranger.cell(subject);
  await cell.say("CTCH", { pattern, mode: "any", credit: 100 });
  await cell.expect("CGHT");
  return cell;
}

function event(data: string, more = ""): string {
  return `{"channel":"odd.a","data":${data}${more}}`;
}

/** Bodies and fields that are odd, and go through as they are. @see PROTOCOL.md §3.7, §6.3 */
export const bodyScenes: readonly Scene[] = [
  delivered(
    "B17",
    "of equal keys the last one counts, for what is checked as for what is done",
    ['{"channel":"a b","channel":"odd.last","data":1,"data":2}'],
    ['["odd.last",2]'],
  ),
  delivered(
    "B19",
    "a key __proto__ in a body is delivered as it is",
    [event('{"__proto__":{"x":1},"a":{"__proto__":null}}')],
    ['["odd.a",{"__proto__":{"x":1},"a":{"__proto__":null}}]'],
  ),
  delivered(
    "B20",
    "a key __proto__ beside the fields changes none of them",
    ['{"channel":"odd.a","__proto__":{"data":1,"seq":"no","ask":7},"constructor":{"x":1}}'],
    ['["odd.a",null]'],
  ),
  delivered(
    "B21",
    "the names of an object's own methods are keys like others",
    [event('{"toString":1,"hasOwnProperty":2,"valueOf":null,"toJSON":"no","then":3,"length":-1}')],
    [
      '["odd.a",{"toString":1,"hasOwnProperty":2,"valueOf":null,"toJSON":"no","then":3,"length":-1}]',
    ],
  ),
  delivered(
    "B28",
    "a lone surrogate in a value, a zero and an emoji are delivered as they are",
    [event('["\\ud800","\\u0000\\u001b","\\ud83d\\ude00"]')],
    ['["odd.a",["\\ud800","\\u0000\\u001b","😀"]]'],
  ),
  {
    ids: ["B51"],
    name: "fields that nobody knows are ignored and counted",
    play: async (subject) => {
      const cell = await catching(subject, "odd.**");
      await closing([cell], async () => {
        const before = (await cell.ask("$mesh.metrics")) as Record<string, number>;

        await cell.sendParts(`J EVNT ${event("1", ',"x":1,"toString":{},"time":99999999999999')}`);

        const heard = [await cell.next(), await cell.next()];
        expect(heard.map(({ command }) => command)).to.have.members(["DLVR", "CNFM"]);
        const after = (await cell.ask("$mesh.metrics")) as Record<string, number>;
        expect((after["fieldsUnknown"] ?? 0) - (before["fieldsUnknown"] ?? 0)).to.equal(3);
        await cell.leave();
      });
    },
  },
  {
    ids: ["B55"],
    name: "a clock ten years ahead is shown, and ages nothing",
    play: async (subject) => {
      const cell = await Stranger.cell(subject, "M");
      await closing([cell], async () => {
        await cell.say("CTCH", { pattern: "odd.clock", mode: "any" });
        await cell.expect("CGHT");
        const time = Date.now() + 10 * 365 * 86_400_000;

        await cell.sendParts(runOf(cell, { time: BigInt(time) }, { ttlMs: 60_000 }));

        const heard = [await cell.next(), await cell.next()];
        expect(heard.map(({ command }) => command)).to.have.members(["DLVR", "CNFM"]);
        expect(heard.find(({ run }) => run !== undefined)?.run?.header.time).to.equal(time);
        await cell.leave();
      });
    },
  },
  {
    ids: ["C42"],
    name: "integers of a run that are written signed, or longer than they need, are taken",
    play: async (subject) => {
      const cell = await Stranger.cell(subject, "M");
      await closing([cell], async () => {
        for (const first of [1n, 2n ** 31n, 2n ** 53n - 1n]) {
          const header = { first, count: 1n, session: 1n, channels: ["odd.number"] };
          await cell.sendParts(runOf(cell, header, {}));
          const confirms = await cell.expect("CNFM");
          expect(confirms["accepted"]).to.deep.equal([[Number(first), Number(first), 0, false]]);
        }
        await cell.leave();
      });
    },
  },
  {
    ids: ["C61"],
    name: "a run that lists a channel twice is delivered, and cut without harm",
    play: async (subject) => {
      const [sender, cell] = [await Stranger.cell(subject, "M"), await catching(subject, "odd.**")];
      await closing([sender, cell], async () => {
        const header = { channels: ["odd.twice", "odd.twice"] };
        await sender.sendParts(runOf(sender, header, {}, 1));
        await sender.expect("CNFM");
        const { catch: number, origin, number: first } = await cell.expect("DLVR");
        const name = { catch: number, origin, number: first, attempt: 1 };

        await cell.say("SETL", { ...name, outcome: "reject", reason: "cut me out", ref: 1 });

        expect(await cell.expect("CNFM")).to.deep.equal({ settled: 1 });
        const letters = (await cell.ask("$mesh.dead.list")) as Record<string, unknown>[];
        expect(letters.at(-1)).to.include({ channel: "odd.twice", reason: "cut me out" });
        await cell.leave();
        await sender.leave();
      });
    },
  },
];

/** A run of one event on `odd.clock`, whose header is right but for what is given. */
function runOf(cell: Stranger, header: object, extras: object, channel = 0): Buffer {
  const right = {
    sender: Buffer.from(cell.id, "hex"),
    service: cell.service,
    session: 1,
    floor: 1,
    first: 1,
    time: 0,
    count: 1,
    channels: ["odd.clock"],
  };
  const event = [1, channel, 0, Buffer.from("body"), extras];
  const values = [{ ...right, ...header }, event];
  return Buffer.concat([
    Buffer.from("M EVNT "),
    ...values.map((value) => encodeMessagePack(value)),
  ]);
}
