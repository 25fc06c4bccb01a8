import {
  type CaughtEvent,
  type Cell,
  connect,
  type DeliveryContext,
  type Transport,
} from "@thynapse/cell-sdk";
import { MeshError } from "@thynapse/protocol";
import { Mailbox } from "../../mailbox.js";
import type {
  Answer,
  AnycatchWish,
  AskTerms,
  Behaviour,
  CellOptions,
  CellUnderTest,
  EventToSend,
  Gathered,
  Handled,
  Home,
  Reply,
  Sent,
} from "../cell-under-test.js";
import type { Severable } from "./severable.js";

/** A cell of the SDK, whatever carries it. */
export class SdkCell implements CellUnderTest {
  readonly id: string;
  readonly service: string;
  readonly welcomes: CellUnderTest["welcomes"] = new Mailbox("welcome");
  readonly armed: CellUnderTest["armed"] = new Mailbox("armed catch");
  readonly handled: CellUnderTest["handled"] = new Mailbox<Handled>("event for a handler");
  readonly gaps: CellUnderTest["gaps"] = new Mailbox("gap");
  readonly ends: CellUnderTest["ends"] = new Mailbox("end");
  private readonly cell: Cell;
  private readonly transport: Severable;
  private readonly catches = new Map<string, { release(): Promise<void> }>();
  private readonly held = new Map<string, (behaviour: Behaviour) => void>();

  private constructor(cell: Cell, transport: Severable) {
    this.cell = cell;
    this.id = cell.id;
    this.service = cell.service;
    this.transport = transport;
    cell.closed.then(
      () => this.ends.put({ why: "farewell" }),
      (error: unknown) => this.ends.put({ why: codeOf(error) }),
    );
  }

  /** Connects; its transport can be cut. */
  static async connect(
    homes: readonly Home[],
    { service = "conforming", id }: CellOptions,
    transport: Transport & Severable,
  ): Promise<SdkCell> {
    const transmitters = homes.map(({ address }) => address);
    const cell = await connect({
      ...{ service, transmitters, transport, drainTimeoutMs: 2000, connectTimeoutMs: 20_000 },
      ...(id !== undefined && { id }),
    });
    const driven = new SdkCell(cell, transport);
    driven.watch();
    return driven;
  }

  async multicatch(pattern: string, reply?: Reply): Promise<void> {
    const handler = (event: CaughtEvent): unknown => {
      this.handled.put(handledOf(pattern, "multi", event));
      if (reply !== undefined && "failure" in reply) throw new Error(reply.failure);
      return reply?.data;
    };
    this.catches.set(`multi ${pattern}`, await this.cell.multicatch(pattern, handler));
  }

  async anycatch(
    pattern: string,
    wish: AnycatchWish = {},
    ...behaviours: Behaviour[]
  ): Promise<void> {
    let begun = 0;
    const last = behaviours.at(-1) ?? { outcome: "ack" };
    const handler = (event: CaughtEvent, ctx: DeliveryContext): unknown => {
      const { attempt, repeat } = event;
      this.handled.put({ ...handledOf(pattern, "any", event), attempt, repeat });
      return this.behave(`${pattern} ${event.seq}`, behaviours[begun++] ?? last, ctx);
    };
    this.catches.set(`any ${pattern}`, await this.cell.anycatch(pattern, handler, wish));
  }

  settle(pattern: string, seq: number, behaviour: Behaviour): Promise<void> {
    const settle = this.held.get(`${pattern} ${seq}`);
    if (settle === undefined) throw new Error(`${pattern} holds no event ${seq}`);
    settle(behaviour);
    return Promise.resolve();
  }

  async release(pattern: string, mode: "any" | "multi"): Promise<void> {
    await this.catches.get(`${mode} ${pattern}`)?.release();
  }

  async send(
    { channel, data = null, ...extras }: EventToSend,
    until?: "accepted" | "handled",
  ): Promise<Sent> {
    const state = until ?? "accepted";
    const sending = this.cell.send(channel, data, { until: state, ...extras });
    try {
      const { seq, matched } = await sending;
      return { seq, state, matched };
    } catch (error) {
      return { seq: sending.seq, state: "refused", code: codeOf(error) };
    }
  }

  async ask({ channel, data = null, ...extras }: EventToSend, terms: AskTerms): Promise<Answer> {
    const { parts: inParts, ...options } = { ...terms, ...extras };
    try {
      if (inParts !== true) return { data: await this.cell.ask(channel, data, options) };
      const parts: unknown[] = [];
      const answers = this.cell.ask(channel, data, { ...options, parts: true, restart: true });
      for await (const part of answers) parts.push(part);
      return { parts };
    } catch (error) {
      return { code: codeOf(error) };
    }
  }

  async gather({ channel, data = null }: EventToSend, timeoutMs: number): Promise<Gathered> {
    const gathering = this.cell.gather(channel, data, { timeoutMs });
    const replies: { from: string; data: unknown }[] = [];
    for await (const reply of gathering) replies.push({ from: reply.from.id, data: reply.data });
    const failed = gathering.failed.map(({ from }) => from.id);
    return { replies, failed, missing: gathering.missing.map(({ id }) => id) };
  }

  async close(): Promise<void> {
    await this.cell.close();
  }

  kill(): Promise<void> {
    this.transport.sever();
    // Nobody hears of it any more; but this process must not keep its timers.
    this.cell.close().catch(() => {});
    return Promise.resolve();
  }

  private watch(): void {
    this.welcomes.put({ transmitter: "" });
    this.cell.status.on((status) => {
      if (status.kind === "welcome") this.welcomes.put({ transmitter: status.transmitter });
      if (status.kind === "armed") this.armed.put({ pattern: status.pattern });
      if (status.kind === "gap") this.gaps.put({ pattern: status.pattern, count: status.count });
    });
  }

  private behave(key: string, behaviour: Behaviour, ctx: DeliveryContext): unknown {
    for (const part of behaviour.parts ?? []) ctx.reply(part);
    for (const { channel, data = null, ...extras } of behaviour.outputs ?? []) {
      ctx.send(channel, data, extras);
    }
    if (behaviour.outcome === "release") ctx.release();
    if (behaviour.outcome === "reject") ctx.reject(behaviour.reason);
    if (behaviour.outcome === "nack") throw new Error(behaviour.reason ?? "nack");
    if (behaviour.outcome === "hold") return this.hold(key, behaviour, ctx);
    return behaviour.result;
  }

  private async hold(key: string, behaviour: Behaviour, ctx: DeliveryContext): Promise<unknown> {
    const { progressMs } = behaviour;
    const timer =
      progressMs === undefined ? undefined : setInterval(() => ctx.progress(), progressMs);
    const then = await new Promise<Behaviour>((resolve) => this.held.set(key, resolve));
    clearInterval(timer);
    this.held.delete(key);
    return this.behave(key, then, ctx);
  }
}

function handledOf(pattern: string, mode: "any" | "multi", event: CaughtEvent): Handled {
  const { channel, data, from, sender, seq, headers, key } = event;
  return { pattern, mode, channel, data, from, sender, seq, headers, key };
}

function codeOf(error: unknown): string {
  return error instanceof MeshError ? error.code : String(error);
}
