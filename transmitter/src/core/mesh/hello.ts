import {
  constantTimeEqual,
  decodeMessagePack,
  encodeMessagePack,
  type FieldMap,
  intField,
  mapValue,
  MeshError,
  ownField,
  readThid,
  stringField,
  subscriptionBytesMax,
  type Thid,
} from "@thynapse/protocol";

/** Versions of the protocol between transmitters that this program speaks. */
export const linkVersion = 1;

/**
 * How a transmitter introduces itself: it subscribes to a topic that says all this, and whoever
 * sees the subscription connects back.
 */
export interface LinkHello {
  readonly id: Thid;
  /** Differs for each start of the process, rising. */
  readonly incarnation: number;
  readonly mesh: string;
  /** Addresses as others reach them: of the event socket, and of the command socket. */
  readonly pub: string;
  readonly command: string;
  /** 128 bits of chance, new for each start, in hex: topics of links hang on both sides' ones. */
  readonly nonce: string;
}

/** To another one that has the same id: how long this one has run. */
export interface TwinHello {
  readonly hello: LinkHello;
  /** The nonce of whom it is for. */
  readonly to: string;
  readonly upMs: number;
}

/** What every subscription that introduces a transmitter begins with. */
export const helloPrefix = "@hello ";
/** What every subscription for another one of the same id begins with. */
export const twinPrefix = "@twin ";
const linkPrefix = "@link ";
const meshPrefix = "@mesh ";

const helloText = /^[0-9a-f]{64}[\w-]+$/;
/** Characters of an address that is told to others. */
export const addressCharsMax = 255;
const nameCharsMax = 64;
const proofChars = 64;

/**
 * Makes a proof that the speaker knows what all transmitters of the mesh share: HMAC-SHA-256 in
 * hex, keyed by the purpose and the secret, which is empty in an open mesh.
 */
export type Prove = (purpose: "hello" | "twin" | "link" | "mesh", what: string | Buffer) => string;

/**
 * Writes the topic of a hello: a prefix, a proof in hex, MessagePack in base64url, and a space.
 *
 * @see PROTOCOL.md §19.2
 */
export function writeHello(hello: LinkHello, prove: Prove): string {
  return writeTopic("hello", { ...hello }, prove);
}

/** Writes the topic that tells a twin how long this one has run. @see PROTOCOL.md §19.4 */
export function writeTwin({ hello, to, upMs }: TwinHello, prove: Prove): string {
  return writeTopic("twin", { ...hello, to, up: Math.floor(upMs) }, prove);
}

/**
 * Reads the topic of a hello.
 *
 * @throws {MeshError} `BAD_FRAME`, `BAD_PAYLOAD`, `BAD_ID` for what cannot be read; `DENIED` for a
 *   wrong proof; `BAD_VERSION`; `MESH_MISMATCH` for a transmitter of a mesh of another name.
 *
 * @see PROTOCOL.md §19.3
 */
export function readHello(topic: string, mesh: string, prove: Prove): LinkHello {
  return helloOf(readTopic("hello", topic, mesh, prove));
}

/** Reads what a twin has said. @throws {MeshError} as `readHello` does */
export function readTwin(topic: string, mesh: string, prove: Prove): TwinHello {
  const map = readTopic("twin", topic, mesh, prove);
  return { hello: helloOf(map), to: readNonce(map, "to"), upMs: intField(map, "up") };
}

function writeTopic(purpose: "hello" | "twin", map: FieldMap, prove: Prove): string {
  const bytes = Buffer.from(encodeMessagePack({ v: linkVersion, ...map }));
  return `@${purpose} ${prove(purpose, bytes)}${bytes.toString("base64url")} `;
}

function readTopic(purpose: "hello" | "twin", topic: string, mesh: string, prove: Prove): FieldMap {
  const text = topic.slice(`@${purpose} `.length, -1);
  if (topic.length > subscriptionBytesMax || !topic.endsWith(" ") || !helloText.test(text)) {
    throw new MeshError("BAD_FRAME", "a hello is a prefix, hex, base64url and a space");
  }
  const bytes = Buffer.from(text.slice(proofChars), "base64url");
  const map = mapValue(decodeMessagePack(bytes), "a hello");
  const version = intField(map, "v");
  if (version !== linkVersion) {
    const spoken = `links of version ${linkVersion} are spoken here, got ${version}`;
    throw new MeshError("BAD_VERSION", spoken, { hint: "run one release on all transmitters" });
  }
  const theirs = stringField(map, "mesh", nameCharsMax);
  if (theirs !== mesh) {
    const text = `a transmitter of mesh "${theirs}" is linked to one of "${mesh}"`;
    throw new MeshError("MESH_MISMATCH", text, { hint: "give both the same --mesh" });
  }
  if (!constantTimeEqual(text.slice(0, proofChars), prove(purpose, bytes))) {
    const text = "a transmitter does not know the secret of this mesh";
    throw new MeshError("DENIED", text, { hint: "give all of them the same --mesh-secret" });
  }
  return map;
}

function helloOf(map: FieldMap): LinkHello {
  return {
    id: readThid(ownField(map, "id")),
    incarnation: intField(map, "incarnation"),
    mesh: stringField(map, "mesh", nameCharsMax),
    pub: stringField(map, "pub", addressCharsMax),
    command: stringField(map, "command", addressCharsMax),
    nonce: readNonce(map, "nonce"),
  };
}

function readNonce(map: FieldMap, name: string): string {
  const nonce = stringField(map, name, 32);
  if (!/^[0-9a-f]{32}$/.test(nonce)) throw new MeshError("BAD_PAYLOAD", "a nonce is 32 hex digits");
  return nonce;
}

/** Whether one of two with the same id has started later, as far as incarnations say. */
export function isYounger(one: LinkHello, other: LinkHello): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation;
  return one.nonce > other.nonce;
}

/**
 * The topic on which one transmitter speaks to another: only who knows the secret finds it.
 *
 * @see PROTOCOL.md §19.5
 */
export function linkTopic(prove: Prove, from: LinkHello, to: LinkHello): string {
  const both = [from, to].map(({ id, incarnation, nonce }) => `${id} ${incarnation} ${nonce}`);
  return `${linkPrefix}${prove("link", both.join(" to "))}`;
}

/** The topic on which a transmitter speaks to all others of the mesh. @see PROTOCOL.md §19.10 */
export function meshTopic(prove: Prove, mesh: string): string {
  return `${meshPrefix}${prove("mesh", mesh)}`;
}
