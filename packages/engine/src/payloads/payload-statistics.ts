/** What is told of a node's payloads, for metrics and health. */
export interface PayloadStatistics {
  readonly count: number;
  readonly sizeBytes: number;
  readonly liveBytes: number;
  /** Of payloads in memory that are not written yet. */
  readonly waitingBytes: number;
  /** How often they could not be written for want of room. */
  readonly shortages: number;
  /** Should be here, and are not, as far as is known. */
  readonly missing: number;
  readonly repaired: number;
  readonly lost: number;
  /** Of files that could not be read, or not be removed. */
  readonly fileErrors: number;
  /** Found damaged when their file was made smaller. */
  readonly damaged: number;
  /** A received snapshot was refused, since members that may have its payloads could not be asked. */
  readonly isTransferWaiting: boolean;
}

/** Of a node that has none. */
export const noPayloadStatistics: PayloadStatistics = {
  count: 0,
  sizeBytes: 0,
  liveBytes: 0,
  waitingBytes: 0,
  shortages: 0,
  missing: 0,
  repaired: 0,
  lost: 0,
  fileErrors: 0,
  damaged: 0,
  isTransferWaiting: false,
};
