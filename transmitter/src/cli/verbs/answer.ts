import type { CaughtEvent, DeliveryContext } from "@thynapse/cell-sdk";
import { checkService } from "@thynapse/protocol";
import { bodyFlags, bodyFromBytes, bodyFromText, bodyNotes } from "../body.js";
import { eventFields, bodyText, jsonLine } from "../event-view.js";
import { execFlags, execNotes, failureOf, resolveCommand, runCommand } from "../exec.js";
import { usageFault } from "../fault.js";
import { integer, text, toggle } from "../flags.js";
import { cliService, Nack, type Session, untilArmed, withCell } from "../session.js";
import { cellFlags } from "../common-flags.js";
import { Tally, tallyFlags } from "../tally.js";
import { defineVerb, type Invocation } from "../verb.js";
import { checkPattern } from "./watch.js";

const flags = {
  service: text({
    describe: "the service to answer as",
    alias: "s",
    placeholder: "NAME",
    fallback: cliService,
    check: checkService,
  }),
  echo: toggle({ describe: "answer with the body of the request" }),
  ...execFlags,
  ...bodyFlags,
  concurrency: integer({
    describe: "requests that are answered at once",
    min: 1,
    max: 65_535,
    fallback: 1,
  }),
  ...tallyFlags,
  ...cellFlags,
};

type Answerer = (event: CaughtEvent, ctx: DeliveryContext) => Promise<unknown>;

/** `thynapse answer PATTERN [BODY]`: fakes a service. */
export const answer = defineVerb({
  name: "answer",
  usage: "PATTERN [BODY]",
  flags,
  notes: `One of BODY, --echo and --exec says what the answer is; of a command it is what it prints.
${bodyNotes.split("; --as")[0]}; --as says otherwise.\n${execNotes}`,
  examples: [
    `answer price.get '{"price": 7}'`,
    "answer 'test.*' --echo",
    "answer greet --service greeter --exec 'tr a-z A-Z'",
  ],
  async run(invocation) {
    const [pattern = ""] = invocation.positionals;
    checkPattern(pattern);
    const answerer = resolveAnswerer(invocation);
    return await withCell(
      invocation,
      async (session) => await answerAll(invocation, session, { pattern, answerer }),
      { service: invocation.flags.service, drainTimeoutMs: 10_000 },
    );
  },
});

function resolveAnswerer({ flags: given, positionals, env }: Invocation<typeof flags>): Answerer {
  const [, body] = positionals;
  const command = resolveCommand(given, env);
  const ways = [body !== undefined, given.echo, command !== undefined].filter(Boolean).length;
  if (ways === 0) throw usageFault("answer needs an answer", "give BODY, --echo or --exec");
  if (ways > 1) throw usageFault("BODY, --echo and --exec: choose one");
  if (given.echo) return async (event) => event.data;
  if (command === undefined) {
    const fixed = bodyFromText(body ?? "", given.as);
    return async () => fixed;
  }
  return async (event, ctx) => {
    const end = await runCommand(command, event, { output: "captured", env, signal: ctx.signal });
    const failure = failureOf(end);
    if (failure !== undefined) throw new Error(failure);
    return resultOf(end.output, given.as);
  };
}

/** What a command printed, without the line break at its end, as `$(…)` takes it. */
function resultOf(output: Buffer, kind: "text" | "json" | "bytes" | undefined): unknown {
  if (kind === "bytes") return output;
  const end = output.length > 0 && output[output.length - 1] === 0x0a ? -1 : output.length;
  return bodyFromBytes(output.subarray(0, end), kind, "the command's output");
}

async function answerAll(
  { flags: given, out, err }: Invocation<typeof flags>,
  { cell, ending }: Session,
  { pattern, answerer }: { readonly pattern: string; readonly answerer: Answerer },
) {
  const tally = new Tally({ count: given.count, forMs: given.for, ending });
  const arming = cell.anycatch(
    pattern,
    async (event, ctx) => {
      if (!tally.begin()) return ctx.release();
      try {
        const result = await answerer(event, ctx);
        await out.line(given.json ? jsonLine(eventFields(event)) : requestLine(event));
        return result;
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        void err.line(`thynapse: ${event.channel} ${event.thid}: ${why}`);
        throw new Nack(why);
      } finally {
        tally.complete();
      }
    },
    { concurrency: given.concurrency },
  );
  const standing = await untilArmed(arming, ending);
  void err.line(`armed ${pattern} as ${cell.service}`);
  await tally.finished;
  if (!ending.aborted) await standing.release();
  return tally.exit;
}

function requestLine(event: CaughtEvent): string {
  return `${event.channel} ${bodyText(event.data)}`;
}
