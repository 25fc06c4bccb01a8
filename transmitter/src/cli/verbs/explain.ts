import { checkChannel } from "@thynapse/protocol";
import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode, usageFaultOf } from "../fault.js";
import { toggle } from "../flags.js";
import { printable } from "../printable.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { askSystem, type Explanation } from "../system.js";
import { type Branch, treeLines } from "../tree.js";
import { defineVerb } from "../verb.js";

const flags = {
  "require-listener": toggle({ describe: "end with 4 if nobody would get it" }),
  ...timeoutFlag(),
  ...cellFlags,
};

/** `thynapse explain CHANNEL`: a dry run. */
export const explain = defineVerb({
  name: "explain",
  usage: "CHANNEL",
  flags,
  notes: "Nothing is sent: the transmitter says what it would do now.",
  examples: ["explain orders.created", "explain orders.created --json --require-listener"],
  async run(invocation) {
    const { flags: given, positionals, out } = invocation;
    const [channel = ""] = positionals;
    try {
      checkChannel(channel, { system: true });
    } catch (thrown) {
      throw usageFaultOf(thrown, "CHANNEL");
    }
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { data: { channel }, timeoutMs: given.timeout, signal: ending };
      const explanation = await askSystem(cell, "$mesh.explain", query);
      if (given.json) {
        await out.line(jsonLine(explanation));
      } else {
        for (const line of treeLines(picture(explanation))) await out.line(printable(line));
      }
      const heard = explanation.matched > 0;
      return heard || !given["require-listener"] ? exitCode.ok : exitCode.noListener;
    });
  },
});

/** Draws who would get it, by which way, and why the others would not. */
function picture({ channel, streams, groups, others }: Explanation): Branch {
  const branches: Branch[] = [];
  if (streams.length > 0) {
    branches.push({
      text: "every cell of, over the event socket",
      branches: streams.map(({ pattern, encoding, cells }) => ({
        text: `${pattern}  (${encoding}, ${counted(cells.length, "cell")})`,
        branches: cells.map(({ id, service }) => ({ text: `${service}/${id}` })),
      })),
    });
  }
  if (groups.length > 0) {
    branches.push({
      text: "one cell of each, over the command socket",
      branches: groups.map(({ service, pattern, members, backlog = 0 }) => ({
        text: `${service} ${pattern}  (${counted(members.length, "member")}, backlog ${backlog})`,
        branches: members.map(({ id, free, why }) => ({ text: `${id}  free ${free}: ${why}` })),
      })),
    });
  }
  if (branches.length === 0) branches.push({ text: "nobody: it would be accepted, and matched 0" });
  if (others.length > 0) {
    branches.push({
      text: "not",
      branches: others.map(({ pattern, mode, service, why }) => ({
        text: `${service === undefined ? pattern : `${service} ${pattern}`} (${mode}): ${why}`,
      })),
    });
  }
  return { text: channel, branches };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
