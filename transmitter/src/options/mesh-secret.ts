import { createHmac } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { MeshError } from "@thynapse/protocol";
import type { Prove } from "../core/mesh/hello.js";
import { refusal } from "./option-values.js";

/** Bytes of a secret; more is somebody's mistake about the path. */
const secretBytesMax = 4096;
const others = 0o077;
/** With an ACL, as on credentials of systemd, the bits of the group are of those whom it names. */
const othersThanRoot = 0o037;

/**
 * Reads the secret of a mesh: the text itself, or after an `@` the name of a file that holds it.
 *
 * White space around what a file holds does not count. Nothing thrown names the secret.
 *
 * @throws {MeshError} `BAD_OPTION` for a file that cannot be read, with the cause, and for an empty
 *   secret; `DENIED` for a file that others than its owner can read; the group of
 *   root may.
 */
export function readSecret(given: string, where: string): string {
  const secret = given.startsWith("@") ? readSecretFile(given.slice(1), where) : given;
  if (secret === "") throw refusal(`${where}: a secret is not empty`);
  if (Buffer.byteLength(secret) > secretBytesMax) {
    throw refusal(`${where}: over ${secretBytesMax} bytes`, "is it the right file?");
  }
  return secret;
}

function readSecretFile(path: string, where: string): string {
  try {
    const { mode, gid, size } = statSync(path);
    if ((mode & (gid === 0 ? othersThanRoot : others)) !== 0) {
      const text = `${where}: others can read ${path}`;
      throw new MeshError("DENIED", text, { fault: "local", hint: `chmod 600 ${path}` });
    }
    if (size <= secretBytesMax) return readFileSync(path, "utf8").trim();
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const text = `${where}: cannot read ${path}: ${code}`;
    throw new MeshError("BAD_OPTION", text, { cause, hint: "name a file that holds the secret" });
  }
  throw refusal(`${where}: ${path} has over ${secretBytesMax} bytes`, "is it the right file?");
}

/** HMAC-SHA-256 in hex, keyed by a purpose and the secret, which is empty in an open mesh. */
export function keyedProof(purpose: string, what: string | Buffer, secret = ""): string {
  return createHmac("sha256", `${purpose} ${secret}`).update(what).digest("hex");
}

/** Makes the proofs of a mesh, under its secret and what the proof is for. */
export function proving(secret?: string): Prove {
  return (purpose, what) => keyedProof(purpose, what, secret);
}
