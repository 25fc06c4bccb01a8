/** Who says a command. */
export type Speaker = "cell" | "transmitter" | "both";

/** One row of the table of commands. */
export interface CommandRow {
  readonly speaker: Speaker;
  readonly meaning: string;
}

const row = (speaker: Speaker, meaning: string): CommandRow => Object.freeze({ speaker, meaning });

/**
 * The closed table of commands. A command never changes its meaning.
 *
 * @see PROTOCOL.md §5, which has the same rows.
 */
export const commands = Object.freeze({
  HELO: row("cell", "here I am; the first command of a connection"),
  CTCH: row("cell", "catch a pattern"),
  DROP: row("cell", "end a catch"),
  EVNT: row("both", "an event or a run"),
  SETL: row("cell", "settle deliveries"),
  PROG: row("cell", "a delivery is still worked on"),
  CRED: row("cell", "set the credit of an anycatch"),
  RPLY: row("cell", "one part of a streamed reply, or the reply to a gather"),
  MISS: row("cell", "ask for lost events of a stream"),
  BEAT: row("both", "sign of life, and how far each stream is"),
  GBYE: row("both", "farewell"),
  WLCM: row("transmitter", "welcome: who I am, where my event socket is"),
  CGHT: row("transmitter", "the catch stands"),
  DRPD: row("transmitter", "the catch has ended"),
  CNFM: row("transmitter", "what became of events and settlements"),
  DLVR: row("transmitter", "a delivery of an anycatch"),
  BACK: row("transmitter", "deliveries were taken back"),
  RPAR: row("transmitter", "repair: lost events again, or that they are gone"),
  ANSR: row("transmitter", "to an asker: a reply, a part of one, or an error"),
  ERRO: row("transmitter", "an error"),
  MARK: row("transmitter", "on the event socket: the last number of a stream"),
} satisfies Record<string, CommandRow>);

/** A command of the table. */
export type Command = keyof typeof commands;

/** Tells whether four letters are a command of the table. */
export function isCommand(value: string): value is Command {
  return Object.hasOwn(commands, value);
}

/** How deliveries end, in the order of their numbers on the wire. @see PROTOCOL.md §10.4 */
export const outcomes = ["ack", "nack", "release", "reject"] as const;

/** How a delivery ends. */
export type Outcome = (typeof outcomes)[number];
