import { expect } from "chai";

import { Stranger } from "../stranger.js";
import { closing, expectRefusal, type Scene } from "./scene.js";

/** Channels and catches that are odd, and right. @see PROTOCOL.md §4.1, §5.6 */
export const catchScenes: readonly Scene[] = [
  {
    ids: ["D37"],
    name: "channels of prototype names go where they should, and nowhere else",
    play: async (subject) => {
      const [cell, other] = [await Stranger.cell(subject), await Stranger.cell(subject)];
      await closing([cell, other], async () => {
        await caught(cell, "a.*.b", "any");
        await caught(cell, "__proto__", "any");
        await caught(other, "a.constructor.b", "any");

        for (const channel of ["a.__proto__.b", "__proto__", "b", "constructor"]) {
          await cell.say("EVNT", { channel, data: channel });
        }

        expect(await channelsOf(cell, 2)).to.deep.equal(["a.__proto__.b", "__proto__"]);
        await other.expectServed();
        await cell.leave();
        await other.leave();
      });
    },
  },
  {
    ids: ["D39"],
    name: "hasOwnProperty, toString and valueOf are plain names",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const names = ["hasOwnProperty", "toString", "valueOf", "__defineGetter__"];
        for (const name of names) await caught(cell, name, "any");

        for (const channel of names) await cell.say("EVNT", { channel });

        expect(await channelsOf(cell, names.length)).to.deep.equal(names);
        await cell.leave();
      });
    },
  },
  {
    ids: ["D45"],
    name: "A.B and a.b are two channels",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        await caught(cell, "A.B", "any");

        await cell.say("EVNT", { channel: "a.b" });
        await cell.say("EVNT", { channel: "A.B" });

        expect(await channelsOf(cell, 1)).to.deep.equal(["A.B"]);
        await cell.leave();
      });
    },
  },
  {
    ids: ["E33"],
    name: "the same pattern and mode has the same catch, with its newer options",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const first = await caught(cell, "same", "any");
        const second = await caught(cell, "same", "any", { credit: 9, attemptsMax: 2 });

        expect(second["catch"]).to.equal(first["catch"]);
        expect(second["warnings"]).to.equal(undefined);
        await cell.leave();
      });
    },
  },
  {
    ids: ["E34"],
    name: "the same pattern in the other mode is another catch",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const any = await caught(cell, "both", "any");
        const multi = await caught(cell, "both", "multi");

        expect(multi["catch"]).to.not.equal(any["catch"]);
        await cell.leave();
      });
    },
  },
  {
    ids: ["E38", "E39"],
    name: "the end of an unknown catch, or a second end of one, is UNKNOWN_CATCH and harmless",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const { catch: number } = await caught(cell, "ends", "any");
        await cell.say("DROP", { catch: number });
        expect(await cell.expect("DRPD")).to.include({ catch: number });

        for (const unknown of [number, 0, 999, Number.MAX_SAFE_INTEGER]) {
          await cell.say("DROP", { catch: unknown });
          const answer = await expectRefusal(cell, "UNKNOWN_CATCH", `no such catch: ${unknown}`);
          expect(answer["catch"]).to.equal(unknown);
        }
        await cell.expectServed();
        await cell.leave();
      });
    },
  },
  {
    ids: ["E41"],
    name: "a catch with no credit is paused until it gets some",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        const { catch: number } = await caught(cell, "paused", "any", { credit: 0 });
        await cell.say("EVNT", { channel: "paused", data: 1 });
        expect(await cell.expect("CNFM")).to.include({ state: "accepted", matched: 1 });
        // Nothing of it has come when the next request is answered.
        await cell.expectServed();

        await cell.say("CRED", { catch: number, credit: 1 });

        expect(await cell.expect("DLVR")).to.include({ channel: "paused", data: 1 });
        await cell.leave();
      });
    },
  },
  {
    ids: ["E42"],
    name: "the 1001st catch is TOO_MANY_CATCHES, and an end makes room for it",
    play: async (subject) => {
      const cell = await Stranger.cell(subject);
      await closing([cell], async () => {
        for (let number = 1; number <= 1000; number++) {
          await cell.say("CTCH", { pattern: `many.${number}`, mode: "multi" });
        }
        const last = [];
        for (let number = 1; number <= 1000; number++) last.push(await cell.expect("CGHT"));
        await cell.say("CTCH", { pattern: "one.more", mode: "multi" });
        await expectRefusal(cell, "TOO_MANY_CATCHES", "at most 1000");

        await cell.say("DROP", { catch: last[0]?.["catch"] });

        await cell.expect("DRPD");
        await caught(cell, "one.more", "multi");
        await cell.leave();
      });
    },
  },
];

async function caught(
  cell: Stranger,
  pattern: string,
  mode: "any" | "multi",
  options: object = {},
): Promise<Record<string, unknown>> {
  await cell.say("CTCH", { pattern, mode, credit: 50, ...options });
  return await cell.expect("CGHT");
}

/** The channels of the next deliveries, this many. */
async function channelsOf(cell: Stranger, count: number): Promise<unknown[]> {
  const channels: unknown[] = [];
  while (channels.length < count) {
    const { command, fields } = await cell.next();
    if (command === "DLVR") channels.push(fields["channel"]);
    else expect(command, JSON.stringify(fields)).to.equal("CNFM");
  }
  return channels;
}
