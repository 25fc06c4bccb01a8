import type {
  InProcessClient,
  InProcessConnection,
  InProcessTransmitter,
} from "@thynapse/cell-sdk";
import type { Face, FaceHandlers } from "./scripted-transmitter.js";

interface Local {
  readonly client: InProcessClient;
  readonly topics: Set<string>;
}

/** The same script for cells of this process. As on sockets, everything arrives in a later turn. */
export class InProcessFace implements Face, InProcessTransmitter {
  private readonly handlers: FaceHandlers;
  private readonly locals = new Map<string, Local>();
  private count = 0;
  private isOpen = true;

  constructor(handlers: FaceHandlers) {
    this.handlers = handlers;
  }

  connect(client: InProcessClient): InProcessConnection {
    const connection = `local ${++this.count}`;
    const local: Local = { client, topics: new Set() };
    if (this.isOpen) this.locals.set(connection, local);
    else setImmediate(() => client.closed("nobody is there"));
    const later = (act: () => void): void => {
      setImmediate(() => {
        if (this.locals.get(connection) === local) act();
      });
    };
    return {
      command: (part) => later(() => this.handlers.heard(connection, part)),
      subscribe: (topic) => {
        later(() => {
          local.topics.add(topic);
          this.handlers.subscription(topic, true);
        });
      },
      unsubscribe: (topic) => {
        later(() => {
          if (local.topics.delete(topic)) this.handlers.subscription(topic, false);
        });
      },
      close: () => {
        this.locals.delete(connection);
        for (const topic of local.topics) this.handlers.subscription(topic, false);
      },
    };
  }

  send(connection: string, part: Buffer): void {
    setImmediate(() => this.locals.get(connection)?.client.command(part));
  }

  publish(head: Buffer, part: Buffer): void {
    const topic = head.toString("latin1", 0, head.indexOf(0x20) + 1);
    setImmediate(() => {
      for (const { client, topics } of this.locals.values()) {
        if (topics.has(topic)) client.events(head, part);
      }
    });
  }

  close(): void {
    this.isOpen = false;
    const ended = [...this.locals.values()];
    this.locals.clear();
    for (const { client } of ended) client.closed("the script ended");
  }
}
