import type { SystemName } from "../scenario.js";
import { nats } from "./nats.js";
import type { Peer } from "./peer.js";
import { redis } from "./redis.js";
import { single, thynapse } from "./thynapse.js";

/** Every system that can be measured; none loads its library before it is joined. */
export const PEERS: Readonly<Record<SystemName, Peer>> = { thynapse, single, nats, redis };
