import {
  type Command,
  type Encoding,
  encodeJson,
  encodeMessagePack,
  writeFrame,
} from "@thynapse/protocol";

/** Encodes a command whose payload is a map. */
export function writeReply(
  encoding: Encoding,
  command: Command,
  map: Readonly<Record<string, unknown>>,
): Buffer {
  const payload = encoding === "J" ? encodeJson(map) : encodeMessagePack(map);
  return writeFrame(encoding, command, payload);
}
