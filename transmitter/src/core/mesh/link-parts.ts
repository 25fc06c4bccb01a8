/** What a link has counted since it was made. */
export interface LinkCounts {
  sent: number;
  resent: number;
  taken: number;
  /** Frames that had come already. */
  repeated: number;
  /** Frames of an earlier stream of the other side. */
  stale: number;
  /** Times that frames were missing. */
  holes: number;
  /** Times that this side has begun anew. */
  overruns: number;
}

/** Where counts begin. */
export const noLinkCounts: Readonly<LinkCounts> = Object.freeze({
  sent: 0,
  resent: 0,
  taken: 0,
  repeated: 0,
  stale: 0,
  holes: 0,
  overruns: 0,
});

/** Which streams of either side there are; 0 for none. */
export interface LinkEpochs {
  readonly ours: number;
  readonly theirs: number;
}
