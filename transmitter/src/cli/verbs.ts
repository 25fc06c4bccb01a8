import type { Verb } from "./verb.js";

/** A row of the table of verbs. What a verb needs is loaded only when it is used. */
export interface VerbRow {
  readonly summary: string;
  load(): Promise<Verb>;
}

/** Every verb, in the order of the help. */
export const verbs: Readonly<Record<string, VerbRow>> = Object.freeze({
  up: {
    summary: "start a transmitter",
    load: async () => {
      // What it stands on first: see `main.ts`.
      await import("@thynapse/cell-sdk");
      await (await import("../load-parts.js")).loadParts();
      return (await import("./verbs/up.js")).up;
    },
  },
  send: {
    summary: "send one event, or each line of standard input",
    load: async () => (await import("./verbs/send.js")).send,
  },
  watch: {
    summary: "print every event that matches (multicatch)",
    load: async () => (await import("./verbs/watch.js")).watch,
  },
  catch: {
    summary: "be a cell of a service: print or --exec each event that it is given (anycatch)",
    load: async () => (await import("./verbs/catch.js")).catchVerb,
  },
  ask: {
    summary: "ask a service, or with --replies every cell, and print what comes back",
    load: async () => (await import("./verbs/ask.js")).ask,
  },
  answer: {
    summary: "answer requests with a body, an echo or a command",
    load: async () => (await import("./verbs/answer.js")).answer,
  },
  ls: {
    summary: "list transmitters, links, cells, services, groups or patterns of the mesh",
    load: async () => (await import("./verbs/ls.js")).ls,
  },
  show: {
    summary: "show a transmitter's status or metrics, or one link, cell, service, group or pattern",
    load: async () => (await import("./verbs/show.js")).show,
  },
  explain: {
    summary: "say who would get an event, by which way, and why the others would not",
    load: async () => (await import("./verbs/explain.js")).explain,
  },
  trace: {
    summary: "send a real event, and say where it comes by, and when",
    load: async () => (await import("./verbs/trace.js")).trace,
  },
  top: {
    summary: "watch live rates, backlogs and slow cells of the whole mesh",
    load: async () => (await import("./verbs/top.js")).top,
  },
  events: {
    summary: "print what happens in the mesh: joins, leaves, suspicions, dead letters",
    load: async () => (await import("./verbs/events.js")).events,
  },
  dead: {
    summary: "list, show, redrive or drop dead letters",
    load: async () => (await import("./verbs/dead.js")).dead,
  },
  bench: {
    summary: "measure throughput and latency of this machine against a transmitter",
    load: async () => (await import("./verbs/bench.js")).bench,
  },
  doctor: {
    summary: "look for what is wrong with the mesh, and say what to do",
    load: async () => (await import("./verbs/doctor.js")).doctor,
  },
  drain: {
    summary: "have a transmitter of the mesh settle what it has, and end",
    load: async () => (await import("./verbs/drain.js")).drain,
  },
  completion: {
    summary: "print the script that completes verbs and flags in a shell",
    load: async () => (await import("./verbs/completion.js")).completion,
  },
});
