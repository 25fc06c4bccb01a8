import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const bufferBytesMax = 256 * 1024 * 1024;

/**
 * Bytes that went over the connections to these ports so far, both ways, by the kernel's count of each connection. A
 * connection that has ended is not in it.
 */
export async function bytesOver(ports: ReadonlySet<string>): Promise<number> {
  const { stdout } = await run("ss", ["-tinHO", "state", "established"], {
    maxBuffer: bufferBytesMax,
  });
  let bytes = 0;
  for (const line of stdout.split("\n")) {
    // Receive queue, send queue, own address, other address, and the rest.
    const own = line.trim().split(/\s+/, 3)[2] ?? "";
    if (!ports.has(own.slice(own.lastIndexOf(":") + 1))) continue;
    bytes += numberAfter("bytes_sent:", line) + numberAfter("bytes_received:", line);
  }
  return bytes;
}

function numberAfter(name: string, line: string): number {
  const at = line.indexOf(name);
  return at < 0 ? 0 : Number.parseInt(line.slice(at + name.length), 10);
}
