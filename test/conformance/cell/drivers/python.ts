import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { type Child, startChild } from "../../children.js";
import { Mailbox } from "../../mailbox.js";
import type {
  Answer,
  AnycatchWish,
  AskTerms,
  Behaviour,
  CellDriver,
  CellOptions,
  CellUnderTest,
  EventToSend,
  Gathered,
  Handled,
  Home,
  Reply,
  Sent,
} from "../cell-under-test.js";

const script = fileURLToPath(new URL("../../python/driver.py", import.meta.url));

type Fields = Record<string, unknown>;

/** A cell in another language, without any code of Thynapse, in a process of its own. */
export const pythonCell: CellDriver = {
  name: "a cell in Python",
  async begin(homes, options = {}) {
    const cell = new PythonCell(options);
    await cell.connect(homes);
    return cell;
  },
};

class PythonCell implements CellUnderTest {
  id = "";
  readonly service: string;
  readonly welcomes: CellUnderTest["welcomes"] = new Mailbox("welcome");
  readonly armed: CellUnderTest["armed"] = new Mailbox("armed catch");
  readonly handled: CellUnderTest["handled"] = new Mailbox<Handled>("event for a handler");
  readonly gaps: CellUnderTest["gaps"] = new Mailbox("gap");
  readonly ends: CellUnderTest["ends"] = new Mailbox("end");
  private readonly options: CellOptions;
  private readonly child: Child;
  private readonly replies = new Mailbox<Fields>("answer of the Python cell");
  private nextToken = 1;

  constructor(options: CellOptions) {
    this.options = options;
    this.service = options.service ?? "conforming";
    this.child = startChild([interpreter(), "-B", script], (line) => this.hear(line));
    cells.add(this);
  }

  async connect(homes: readonly Home[]): Promise<void> {
    const { id } = this.options;
    const addresses = homes.map(({ address }) => address);
    const service = { service: this.service, ...(id !== undefined && { id }) };
    this.id = (await this.order("connect", { homes: addresses, ...service }))["id"] as string;
    const welcome = await this.welcomes.next(undefined, { withinMs: 20_000 });
    this.welcomes.putBack(welcome);
  }

  async multicatch(pattern: string, reply?: Reply): Promise<void> {
    const said = reply === undefined || "data" in reply ? reply : failed(reply.failure);
    await this.order("multicatch", { pattern, reply: said });
    this.armed.putBack(await this.armed.next((one) => one.pattern === pattern));
  }

  async anycatch(
    pattern: string,
    options: AnycatchWish = {},
    ...behaviours: Behaviour[]
  ): Promise<void> {
    await this.order("anycatch", { pattern, options, behaviours: behaviours.map(asPython) });
    this.armed.putBack(await this.armed.next((one) => one.pattern === pattern));
  }

  async settle(pattern: string, seq: number, behaviour: Behaviour): Promise<void> {
    await this.order("settle", { pattern, seq, behaviour: asPython(behaviour) });
  }

  async release(pattern: string, mode: "any" | "multi"): Promise<void> {
    await this.order("drop", { pattern, mode });
  }

  async send(event: EventToSend, until: "accepted" | "handled" = "accepted"): Promise<Sent> {
    const token = this.say("send", { event: { data: null, ...event }, until });
    const { seq, state, matched, code } = await this.reply(token, "sent");
    return {
      ...{ seq: seq as number, state: state as Sent["state"] },
      ...(typeof matched === "number" && { matched }),
      ...(code !== undefined && { code: code as string }),
    };
  }

  async ask(event: EventToSend, terms: AskTerms): Promise<Answer> {
    const answer = await this.answered(event, terms, terms.timeoutMs);
    if (answer["code"] !== undefined) return { code: answer["code"] as string };
    if (terms.parts !== true) return { data: answer["data"] };
    const parts = answer["parts"] as unknown[];
    return { parts: answer["state"] === "result" ? [...parts, answer["data"]] : parts };
  }

  async gather(event: EventToSend, timeoutMs: number): Promise<Gathered> {
    const answer = await this.answered(event, { timeoutMs, gather: true }, timeoutMs);
    return answer as unknown as Gathered;
  }

  async close(): Promise<void> {
    await this.order("goodbye", {});
    this.ends.putBack(await this.ends.next());
  }

  async kill(): Promise<void> {
    cells.delete(this);
    await this.child.kill();
  }

  private answered(event: EventToSend, ask: object, timeoutMs: number): Promise<Fields> {
    const token = this.say("ask", { event: { data: null, ...event, ask } });
    return this.reply(token, "answered", timeoutMs + 5000);
  }

  /** Gives an order, and resolves when it is done. */
  private order(what: string, fields: Fields): Promise<Fields> {
    return this.reply(this.say(what, fields), "done");
  }

  private say(what: string, fields: Fields): number {
    const token = this.nextToken++;
    this.child.write(JSON.stringify({ do: what, token, ...fields }));
    return token;
  }

  private async reply(token: number, kind: string, withinMs = 20_000): Promise<Fields> {
    const isOurs = (reply: Fields): boolean =>
      reply["token"] === token && (reply["kind"] === kind || reply["kind"] === "failed");
    const reply = await this.replies.next(isOurs, { withinMs });
    if (reply["kind"] === "failed") throw new Error(`Python: ${reply["why"] as string}`);
    return reply;
  }

  private hear(line: string | undefined): void {
    if (line === undefined) {
      const why = this.child.errors.join("\n");
      if (why !== "") this.ends.put({ why });
      return;
    }
    const report = JSON.parse(line) as Fields;
    const pattern = report["pattern"] as string;
    switch (report["kind"]) {
      case "welcome":
        return this.welcomes.put({ transmitter: report["id"] as string });
      case "armed":
        return this.armed.put({ pattern });
      case "gap":
        return this.gaps.put({ pattern, count: report["count"] as number });
      case "event":
        return this.handled.put(handledOf(report));
      case "closed":
        return this.ends.put({ why: report["reason"] as string });
      default:
        return this.replies.put(report);
    }
  }
}

const cells = new Set<PythonCell>();

afterEach(async () => {
  for (const cell of cells) await cell.kill();
});

function handledOf({ pattern, mode, event }: Fields): Handled {
  const given = event as Handled;
  const own = { pattern, mode } as Pick<Handled, "pattern" | "mode">;
  return { ...given, ...own, sender: given.sender ?? given.from.id };
}

function asPython(behaviour: Behaviour): Fields {
  return { ...behaviour };
}

function failed(message: string): Fields {
  return { code: "HANDLER_FAILED", message };
}

let found: string | undefined;

/** The first interpreter that can speak ZeroMQ. */
function interpreter(): string {
  const candidates = [process.env["PYTHON"] ?? "", "python3", "/usr/bin/python3"];
  found ??= candidates.find((name) => name !== "" && speaksZmq(name));
  if (found === undefined) throw new Error("no Python can import zmq: apt-get install python3-zmq");
  return found;
}

function speaksZmq(python: string): boolean {
  try {
    execFileSync(python, ["-c", "import zmq"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
