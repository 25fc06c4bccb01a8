import { jsonLine } from "../event-view.js";
import { type ExitCode, exitCode } from "../fault.js";
import { withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { findTransmitter } from "../mesh-list.js";
import { askSystem } from "../system.js";
import { defineVerb } from "../verb.js";

const flags = { ...timeoutFlag(), ...cellFlags };

/** `thynapse drain`: has a transmitter settle what it has, and end. */
export const drain = defineVerb({
  name: "drain",
  usage: "[TRANSMITTER]",
  flags,
  notes: `It ends with 0 as soon as the transmitter has begun. That takes nothing more, waits for
what it has accepted, up to its --drain-timeout, and ends. TRANSMITTER is the beginning of the ID of
any transmitter of the mesh, or its address; without it the one that is asked drains.`,
  examples: ["drain", "drain 77b0", "drain tcp://10.0.0.7:5454"],
  async run(invocation) {
    const { flags: given, out, positionals } = invocation;
    const [name] = positionals;
    return await withCell(invocation, async ({ cell, ending }): Promise<ExitCode> => {
      const who = { timeoutMs: given.timeout, signal: ending };
      const found = name === undefined ? {} : await findTransmitter(cell, name, who);
      const transmitter = found["id"];
      const query = { ...who, data: transmitter === undefined ? {} : { transmitter } };
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
