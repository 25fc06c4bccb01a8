/*
 * Every bound of the wire that has a name. Defaults of options stand here too where both sides must
 * agree on them. Bytes are bytes, MiB is 2^20, durations are milliseconds.
 */

const kib = 1024;
const mib = 1024 * kib;

// What is sent.

/** Bytes of one event's body. More is refused before sending; it belongs in a store. */
export const eventBytesMax = mib;

/**
 * Bytes of a run as a sender fills it. A run of a single event may be as large as that event
 * needs: up to `eventBytesMax` + `runOverheadBytesMax`.
 *
 * Each run wakes six threads up, whatever its size: events of 4 KiB go twice as fast in runs of
 * 256 KiB as in runs of 64 KiB. A run is sent at the end of a turn, so only a busy sender fills it.
 */
export const runBytesMax = 256 * kib;

/** Bytes that the header of a run and the frame around one event may take besides its body. */
export const runOverheadBytesMax = 64 * kib;

/**
 * Events of one run: bounds the work of one turn and the size of an answer. A run of `runBytesMax`
 * has fewer, since an event takes at least 6 bytes.
 */
export const runEventsMax = 65_536;

/** Distinct channels of one run. */
export const runChannelsMax = 1024;

/**
 * Bytes of one part on the command socket, head included: an event of `eventBytesMax` with its run
 * around it, or in base64 with its JSON around it, and room to spare. More is `TOO_LARGE`.
 */
export const commandBytesMax = 4 * mib;

/** Bytes of a payload that is decoded as one JSON or MessagePack value. */
export const payloadBytesMax = mib;

// Names.

/** Bytes, which are ASCII characters, of a channel or a pattern: 1 … 255. */
export const channelBytesMax = 255;

/** Segments of a channel or a pattern: 1 … 32. */
export const segmentsMax = 32;

/** Characters of one segment, and so of a service name: 1 … 64. */
export const segmentCharsMax = 64;

/** Entries of an event's headers. */
export const headersCountMax = 64;

/** Bytes of an event's headers, encoded. */
export const headersBytesMax = 8 * kib;

/** Bytes, as UTF-8, of an event's affinity key. */
export const keyBytesMax = 255;

/** Bytes, as UTF-8, of an idempotency key. */
export const idBytesMax = 255;

/** Characters (UTF-16 units) of a reason or an error message that travels; longer ones are cut. */
export const reasonCharsMax = 1024;

// Values.

/** Nested arrays and maps in one value; the value itself, if it is one, is the first. */
export const depthMax = 64;

/** Map keys in one value, all levels together. */
export const keysMax = 10_000;

// What a cell may hold.

/** Standing catches of one cell. */
export const catchesMax = 1000;

/** Bytes of runs that one sender may have sent and not yet seen accepted. */
export const windowBytesMax = 4 * mib;

/** Bytes of one subscription offered to an event socket (libzmq keeps every one it is offered). */
export const subscriptionBytesMax = 4096;

/** Deliveries that a cell may hold unsettled, in events. */
export const creditMax = 65_535;

/** Bytes of unconfirmed events in a cell's outbox; a tenth is reserved for sends from handlers. */
export const outboxBytesMax = 64 * mib;

/** Unconfirmed events in a cell's outbox. */
export const outboxEventsMax = 262_144;

/**
 * Ranges of numbers that a transmitter remembers of one sender, above its floor. Twice the events
 * of an outbox: holes between them come from what was refused, or done before the sender came, so
 * only one that never raises its floor meets it.
 */
export const senderRangesMax = 2 * outboxEventsMax;

/** Bytes of settled events that a sender keeps to send again when its home changes. */
export const keptBytesMax = 8 * mib;

/** How long a sender keeps what is settled. */
export const keptMs = 2000;

/** Bytes that one multicatch buffers ahead of its handler. */
export const catchBytesMax = 16 * mib;

/** Bytes of the events that one handler sends through its own context, together. */
export const outputsBytesMax = mib;

// What a transmitter holds.

/** Bytes of the ring that repairs streams, per transmitter. */
export const ringBytesMax = 64 * mib;

/** Bytes of the ring of one link. */
export const linkRingBytesMax = 16 * mib;

/** Unacknowledged frames on one link. */
export const linkWindowFrames = 256;

/** Events in the backlog of one group. */
export const backlogEventsMax = 100_000;

/** Bytes in the backlog of one group. */
export const backlogBytesMax = 64 * mib;

/** How long an event waits in a backlog. */
export const backlogAgeMs = 600_000;

/** How long a group outlives its last member. */
export const groupKeepMs = 30_000;

/** How long a stream outlives its last cell. */
export const streamKeepMs = 30_000;

// Time.

/** Between two heartbeats. */
export const heartbeatMs = 250;

/** Silence after which a cell is suspect: four heartbeats. */
export const suspectMs = 1000;

/** How long a delivery may stay unsettled without progress. */
export const ackTimeoutMs = 30_000;

/** Attempts after which an event becomes a dead letter. */
export const attemptsMax = 5;

/** How long a transmitter holds repeats back while cells come back and claim. */
export const claimMs = 1000;

/** How long a drain waits for settlements. */
export const drainTimeoutMs = 10_000;

/** How long an idempotency key is remembered at an origin. */
export const dedupeWindowMs = 120_000;

// Misbehaviour.

/** Errors within `errorBudgetMs` after which a connection is muted. */
export const errorBudget = 20;

/** The window over which errors are counted. */
export const errorBudgetMs = 10_000;

/** How long a muted connection is ignored. */
export const muteMs = 60_000;
