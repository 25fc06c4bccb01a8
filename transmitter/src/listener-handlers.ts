import type { Clock } from "@thynapse/cell-sdk";
import type { Logger } from "pino";
import type { TransmitterCore } from "./core/transmitter-core.js";
import { Doorstep, type Receive } from "./doorstep.js";
import { hostOf } from "./options/endpoints.js";
import type { HandshakeLog } from "./handshake-log.js";
import type { Undiallable } from "./links/undiallable.js";
import type { OpenFilesGuard } from "./open-files.js";
import type { ListenerHandlers } from "./sockets/listener.js";
import type { LocalHosts } from "./sockets/local-hosts.js";
import type { Turns } from "./turns.js";

/** Who hears what the sockets of a transmitter tell. */
export interface Hearers {
  readonly core: TransmitterCore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hosts: LocalHosts;
  readonly handshakes: HandshakeLog;
  readonly undiallable: Undiallable;
  /** Whether a cell must be told the address that it came to. */
  readonly needsHosts: boolean;
  // Made after the sockets.
  readonly openFiles: () => OpenFilesGuard;
  readonly turns: () => Turns;
}

const defect = "a defect of this program";

/** Leads what the sockets tell to the core, with the time. */
export function listenerHandlers(hearers: Hearers): ListenerHandlers {
  const { core, clock, handshakes, hosts, log, openFiles, turns, undiallable } = hearers;
  const failed = (error: unknown): void => log.error({ err: error }, defect);
  // A defect in the rules of one message must not end the service for all others.
  const guarded = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  const receive: Receive = (connection, parts) => {
    try {
      core.receive(connection, parts, clock.nowMs());
    } catch (error) {
      failed(error);
    }
  };
  const doorstep = new Doorstep((connection, parts) => {
    receive(connection, parts);
    turns().soon();
  });
  const watched = {
    accepted: () => openFiles().accepted(),
    acceptFailed: () => openFiles().exhausted(),
  };
  return {
    failed,
    turn: () => turns().run(),
    command: {
      failed,
      received: hearers.needsHosts
        ? (connection, parts) => doorstep.take(connection, parts)
        : receive,
      unreachable: (connection) => {
        guarded(() => core.unreachable(connection, clock.nowMs()));
        turns().soon();
      },
      overflowed: (connection) => {
        guarded(() => core.overflowed(connection, clock.nowMs()));
        turns().soon();
      },
    },
    events: {
      failed,
      subscribed: (topic) => guarded(() => core.subscribed(topic, clock.nowMs())) ?? false,
      passedOver: (topic) => guarded(() => core.seat.passedOver(topic, clock.nowMs())),
      unsubscribed: (topic) => guarded(() => core.unsubscribed(topic, clock.nowMs())),
    },
    links: {
      received: (topic, head, part) =>
        guarded(() => core.linkReceived(topic, head, part, clock.nowMs())),
      undiallable: (address) => undiallable.add(address),
    },
    commandMonitor: {
      ...watched,
      shook: (endpointOfOurs) => hosts.shook(hostOf(endpointOfOurs)),
      handshakeFailed: (kind) => handshakes.failed("command", kind),
    },
    eventMonitor: {
      ...watched,
      handshakeFailed: (kind) => handshakes.failed("event", kind),
    },
  };
}
