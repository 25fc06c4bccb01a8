/** What each counter of a transmitter counts; also the help of its metrics. */
export const counterHelp = Object.freeze({
  commandsReceived: "commands read from cells",
  framesEmpty: "empty messages on the command socket",
  framesMuted: "messages dropped because their connection was muted",
  fieldsUnknown: "payload fields that this version does not know",
  errorsAnswered: "errors answered",
  errorsIgnored: "errors that were said to this transmitter, which answers none",
  internalErrors: "unknown throws inside, each a defect",
  connectionsMuted: "connections muted for too many errors",
  cellsWelcomed: "cells welcomed",
  cellsLeft: "cells that said farewell",
  cellsDead: "cells found dead",
  cellsSuspected: "times a cell became suspect",
  cellsFenced: "connections replaced by the same cell, or cut because they did not read",
  sendersPaced: "times a sender's confirms waited for readers that lagged",
  runsAccepted: "runs accepted",
  runsForwarded: "runs that went to a stream as they came",
  runsSliced: "slices of runs made",
  eventsAccepted: "events accepted",
  eventsFenced: "events of senders that have another home by now, left to that one",
  eventsRepeated: "events that the origin knew already",
  eventsDeduplicated: "events with an idempotency key that was seen already",
  eventsUnmatched: "events that matched nothing",
  eventsRefused: "events refused because of load or a full group",
  eventsExpired: "events dropped because their time to live had passed",
  eventsHandled: "events handled",
  eventsDenied: "events on channels that the cell may not send on",
  streamEvents: "events published on streams",
  streamMessages: "messages published on streams",
  streamUnsayable: "events that JSON cannot say, on streams in J",
  marksSent: "marks published to arm cells",
  subscriptionsRefused: "subscriptions not admitted",
  repairsAsked: "requests to repair a hole",
  eventsRepaired: "events sent again to repair a hole",
  eventsGone: "events that cells asked for and that were not kept any more, or never came here",
  ringEvicted: "events that left the ring",
  deliveries: "events delivered to cells of groups",
  redeliveries: "deliveries with an attempt above 1",
  acks: "deliveries acked",
  nacks: "deliveries nacked",
  releases: "deliveries released",
  rejects: "deliveries rejected",
  settlementsStale: "settlements of an attempt that is not current",
  settlementsUnwritable:
    "settlements of other origins that could not be passed on: rejects instead",
  ackTimeouts: "deliveries taken back because nobody settled them in time",
  atMostOnceDropped: "deliveries lost by request: redeliver was false",
  claimsSettled: "events settled by the claim of a cell that came back",
  claimsHeld: "events left with a cell that came back and claimed them",
  deadLetters: "events that became dead letters",
  deadLettersEvicted: "dead letters dropped because there were too many",
  deliveriesPassed: "deliveries given to other transmitters",
  deliveriesReturned: "deliveries that another transmitter could not place",
  leasesGranted: "times that credit was leased to another origin",
  leasesReturned: "times that another origin gave leased credit back",
  runsLinked: "runs passed on to another transmitter for its streams",
  runsTaken: "runs taken from another transmitter",
  eventsLostOnLink: "events that could not be passed on to another transmitter",
  groupsKept: "groups kept without cells, for those that were lost",
  eventsCeded: "events left to the new home of their sender",
  eventsInherited: "events taken over from a transmitter that ended",
  seeks: "times that all were asked what they know of repeated events",
  orphansAdopted: "deliveries of a dead origin that another one took over",
  interestUntold: "changes of what cells catch that others were not told: the record was full",
  sitesLost: "transmitters found dead, left or started again",
  partsStale: "parts of a reply whose attempt is not current",
  outputs: "events that went out with a settlement",
  outputsBeyondFull: "outputs that went to a group whose backlog was full",
  outputsFenced: "outputs dropped because their attempt was not current",
  asks: "requests taken",
  asksRefused: "requests refused because their cell waited for too many answers",
  asksTimedOut: "requests that nobody answered in time",
  gathersUnnamed: "gathers of another transmitter that reached too many cells to name them all",
  repliesSurplus: "replies that came after the first",
  systemRequests: "system requests answered",
  queriesAsked: "system requests put to other transmitters",
  queriesAnswered: "system requests of other transmitters answered",
  queriesUnanswered: "system requests that another transmitter did not answer in time",
  answersUnasked: "answers of other transmitters that nobody waits for: late, or never asked for",
  membersJoined: "transmitters that became members, or came back",
  membersSuspected: "times a transmitter became suspect",
  membersDead: "transmitters found dead",
  membersLeft: "transmitters that said farewell",
  linksCut: "times that the connection of a link was lost",
  linksResumed: "links that went on where they were after a cut",
  originsLivedOn: "transmitters that are gone and had gone on without this one: events were missed",
  linksRenewed: "links that began anew: what was under way may be lost",
  linksRefused: "hellos and frames of other transmitters refused",
} satisfies Record<string, string>);

/** Name of a counter. */
export type CounterName = keyof typeof counterHelp;

/** Counts of one transmitter since its start. Each rises only. */
export class Counters {
  readonly values: Record<CounterName, number>;

  constructor() {
    const values = {} as Record<CounterName, number>;
    for (const name of Object.keys(counterHelp)) values[name as CounterName] = 0;
    this.values = values;
  }

  add(name: CounterName, by = 1): void {
    this.values[name] += by;
  }

  snapshot(): Record<CounterName, number> {
    return { ...this.values };
  }
}
