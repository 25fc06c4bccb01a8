/** What a transmitter says in `WLCM`, with every field that a cell reads. */
export const madeWelcome = {
  v: 1,
  id: "7a".repeat(20),
  pub: "tcp://one:2",
  incarnation: 1,
  origin: "o1",
  presence: "p-1",
  secret: "5".repeat(32),
  mesh: "m",
  heartbeatMs: 250,
  eventBytesMax: 1024 * 1024,
  windowBytes: 4 * 1024 * 1024,
  transmitters: [],
} as const;
