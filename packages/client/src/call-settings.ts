/** How long a call may take, and what cancels it. */
export interface CallSettings {
  /** The longest this call may take, in ms. */
  readonly timeoutMs?: number;
  /** Cancels; a waiting acquire leaves its queue. */
  readonly signal?: AbortSignal | undefined;
  /** Numbered requests of this session below it have been answered: their answers may be forgotten. */
  readonly ackedBelow?: number | undefined;
}

/** With the longest that it may take. */
export interface TimedCallSettings extends CallSettings {
  readonly timeoutMs: number;
}
