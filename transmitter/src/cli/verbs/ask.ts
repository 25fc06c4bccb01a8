import { checkChannel } from "@thynapse/protocol";
import { bodyFlags, bodyNotes, readBody } from "../body.js";
import { extrasFlags, resolveExtras } from "../event-extras.js";
import { bodyBytes, bodyFields, bodyText, jsonLine, sourceText } from "../event-view.js";
import { CliFault, type ExitCode, exitCode, usageFault, usageFaultOf } from "../fault.js";
import { integer, toggle } from "../flags.js";
import { type Session, withCell } from "../session.js";
import { cellFlags, timeoutFlag } from "../common-flags.js";
import { defineVerb, type Invocation } from "../verb.js";

const flags = {
  ...bodyFlags,
  ...timeoutFlag("how long to wait for the answer", ["for"]),
  replies: toggle({ describe: "ask every cell that watches the channel, and print each reply" }),
  parts: toggle({ describe: "print the answer part by part as it comes" }),
  count: integer({
    describe: "with --replies or --parts: end after this many; 3 if fewer came",
    alias: "n",
    placeholder: "COUNT",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  retry: toggle({ describe: "let another attempt follow when a handler fails" }),
  ...extrasFlags,
  raw: toggle({ describe: "print what comes back as it is, escape sequences too" }),
  ...cellFlags,
};

type AskInvocation = Invocation<typeof flags>;

interface Request {
  readonly channel: string;
  readonly body: unknown;
}

/** `thynapse ask CHANNEL [BODY]`: a request, or with `--replies` a gather. */
export const ask = defineVerb({
  name: "ask",
  usage: "CHANNEL [BODY]",
  flags,
  notes: `${bodyNotes}
Without --replies one cell of a service answers; 4 is that nobody could, 3 that nobody did in
time.`,
  examples: [
    `ask price.get '{"sku": 1}'`,
    "ask node.stats --replies --timeout 2s --json",
    "ask '$mesh.status' --json",
  ],
  async run(invocation) {
    const { flags: given, positionals, interrupts } = invocation;
    const [channel = "", argument] = positionals;
    try {
      checkChannel(channel, { system: true });
    } catch (thrown) {
      throw usageFaultOf(thrown, "CHANNEL");
    }
    if (given.json && given.raw) throw usageFault("--json and --raw: choose one");
    if (given.replies && given.parts) throw usageFault("--replies and --parts: choose one");
    if ((given.count ?? 1) > 1 && !given.replies && !given.parts) {
      throw usageFault("-n goes with --replies or --parts: one cell answers once");
    }
    resolveExtras(given);
    const body = await readBody(argument, given.as, interrupts.signal);
    if (interrupts.exit !== undefined) return interrupts.exit;
    const work = given.replies ? gather : given.parts ? askParts : askOne;
    return await withCell(
      invocation,
      async (session) => await work(invocation, session, { channel, body }),
    );
  },
});

async function askOne(
  invocation: AskInvocation,
  { cell, ending }: Session,
  { channel, body }: Request,
): Promise<ExitCode> {
  const { flags: given } = invocation;
  const startMs = performance.now();
  const answer = await cell.ask(channel, body, {
    ...resolveExtras(given),
    timeoutMs: given.timeout,
    retry: given.retry,
    signal: ending,
  });
  const ms = Math.round((performance.now() - startMs) * 1000) / 1000;
  await print(invocation, answer, { channel, ms });
  return exitCode.ok;
}

async function askParts(
  invocation: AskInvocation,
  { cell, ending }: Session,
  { channel, body }: Request,
): Promise<ExitCode> {
  const { flags: given } = invocation;
  const answers = cell.ask(channel, body, {
    ...resolveExtras(given),
    timeoutMs: given.timeout,
    retry: given.retry,
    signal: ending,
    parts: true,
  });
  let index = 0;
  for await (const part of answers) {
    await print(invocation, part, { channel, index });
    if (++index === given.count) return exitCode.ok;
  }
  return enough(index, given.count);
}

async function gather(
  invocation: AskInvocation,
  { cell, ending }: Session,
  { channel, body }: Request,
): Promise<ExitCode> {
  const { flags: given, err } = invocation;
  const { headers } = resolveExtras(given);
  const replies = cell.gather(channel, body, {
    ...(headers !== undefined && { headers }),
    timeoutMs: given.timeout,
    signal: ending,
  });
  let count = 0;
  for await (const { data, from } of replies) {
    await print(invocation, data, { channel, from });
    if (++count === given.count) return exitCode.ok;
  }
  for (const { from, error } of replies.failed) {
    void err.line(`thynapse: ${sourceText(from)} failed: ${error.message}`);
  }
  for (const from of replies.missing) void err.line(`thynapse: ${sourceText(from)} did not reply`);
  if (count === 0 && replies.failed.length === 0 && replies.missing.length === 0) {
    throw new CliFault(exitCode.noListener, `nobody watches ${channel}`, {
      fix: `thynapse explain ${channel} says why`,
    });
  }
  if (replies.missing.length > 0) return exitCode.timedOut;
  if (given.count === undefined && replies.failed.length > 0) return exitCode.failed;
  return enough(count, given.count);
}

function enough(got: number, wanted = 0): ExitCode {
  return got >= wanted ? exitCode.ok : exitCode.timedOut;
}

type Beside = Readonly<Record<string, unknown>> & {
  readonly from?: { readonly id: string; readonly service: string };
};

async function print({ flags: given, out }: AskInvocation, data: unknown, beside: Beside) {
  if (given.json) return await out.line(jsonLine({ ...beside, ...bodyFields(data) }));
  if (given.raw) {
    void out.bytes(bodyBytes(data));
    return await out.line("");
  }
  const from = beside.from === undefined ? "" : `${sourceText(beside.from)} `;
  return await out.line(from + bodyText(data));
}
