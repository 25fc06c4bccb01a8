// The cell in Python: it shares no code with the SDK and knows only PROTOCOL.md.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Child } from "../children.mjs";

const driver = fileURLToPath(new URL("../../test/conformance/python/driver.py", import.meta.url));

/** Finds a Python that has pyzmq; undefined without one. */
export function findPython() {
  return [process.env.PYTHON, "python3", "/usr/bin/python3"].filter(Boolean).find((python) => {
    try {
      execFileSync(python, ["-c", "import zmq"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts the cell and resolves when its catch is armed. `onEvent` gets what it handles. */
export async function startPythonCell({ python, transmitter, service, onEvent }) {
  const child = new Child(python, [driver], {
    onLine(text) {
      const { kind, event, ...rest } = JSON.parse(text);
      if (kind === "failed") throw new Error(`the Python cell: ${JSON.stringify(rest)}`);
      if (kind !== "event") return;
      const line = event.bytes ?? Buffer.from(event.data).toString("base64");
      onEvent({ from: event.from.id, seq: event.seq, line });
    },
  });
  child.write(JSON.stringify({ do: "connect", token: 1, service, homes: [transmitter] }));
  await child.line('{"kind": "welcome"');
  child.write(JSON.stringify({ do: "anycatch", token: 2, pattern: "log.line" }));
  await child.line('{"kind": "armed"');
  return child;
}
