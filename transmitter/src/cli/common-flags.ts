import { MeshError } from "@thynapse/protocol";
import { duration, list, text, toggle } from "./flags.js";

const hourMs = 3_600_000;

/** Flags of every verb. */
export const everyFlags = {
  json: toggle({ describe: "print JSON, one object per line" }),
  config: text({
    describe: "read flags from this JSON file",
    alias: "c",
    placeholder: "FILE",
  }),
  debug: toggle({ describe: "print stack traces" }),
};

/** Where a transmitter is, if nobody says. */
export const transmitterDefault = "tcp://127.0.0.1:5454";

/** Flags of every verb that talks to a transmitter. */
export const cellFlags = {
  transmitter: list({
    describe: "command address of a transmitter; more are tried in turn",
    alias: "t",
    placeholder: "URL",
    fallback: [transmitterDefault],
    check: checkAddress,
  }),
  "connect-timeout": duration({
    describe: "how long to wait for a transmitter",
    min: 1,
    max: hourMs,
    fallback: 5000,
  }),
  ...everyFlags,
};

/** How `--timeout` is explained where a transmitter may have to ask others. @see PROTOCOL.md §14 */
const waitNotes =
  "how long to wait for the answer; the one that is asked waits 1s at most for others";

/** Makes the flag that says how long an answer may take. */
export function timeoutFlag(describe = waitNotes, alias: readonly string[] = []) {
  return {
    timeout: duration({
      describe,
      alias,
      min: 1,
      max: hourMs,
      fallback: 5000,
    }),
  };
}

/**
 * Checks an address to connect to, and writes it out: `tcp://HOST:PORT`, where `tcp://` may be left
 * out, or `ipc://PATH`.
 *
 * ZeroMQ itself would take port 99999 for another one and `80x` for 80 without a word.
 */
export function checkAddress(given: string): string {
  if (/^ipc:\/\/.+/.test(given)) return given;
  const [, host, port] =
    /^(?:tcp:\/\/)?([^/[\]:\s]+|\[[0-9A-Fa-f:.%\w]+\]):(\d+)$/.exec(given) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    const hint = "write tcp://HOST:PORT";
    throw new MeshError("BAD_OPTION", `${JSON.stringify(given)} is not an address`, { hint });
  }
  return `tcp://${host}:${port}`;
}
