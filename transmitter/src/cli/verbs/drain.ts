import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode } from "../fault.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { askSystem } from "../system.js";
import { defineVerb } from "../verb.js";

const flags = { ...timeoutFlag(), ...cellFlags };

/** `thynapse drain`: has a transmitter settle what it has, and end. */
export const drain = defineVerb({
  name: "drain",
  usage: "",
  flags,
  notes: `It ends with 0 as soon as the transmitter has begun. That takes nothing more, waits for
what it has accepted, up to its --drain-timeout, and ends.`,
  examples: ["drain", "drain -t tcp://10.0.0.7:5454"],
  async run(invocation) {
    const { flags: given, out } = invocation;
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const query = { timeoutMs: given.timeout, signal: ending };
      const { id, command, backlog } = await askSystem(cell, "$mesh.status", query);
      const { accepted } = await askSystem(cell, "$mesh.drain", query);
      const line = given.json
        ? jsonLine({ draining: accepted, id, command, backlog })
        : `draining ${String(command)}, backlog ${String(backlog)}`;
      await out.line(line);
      return accepted ? exitCode.ok : exitCode.refused;
    });
  },
});
