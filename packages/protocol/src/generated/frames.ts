// Made from packages/contract by "make documents". Change the declaration, not this file.

/** Says who asks, before anything else is asked on a client stream. */
export interface HelloBody {
  /** The API key, as a header `Authorization: Bearer` has it. */
  readonly api_key: string;
}

/** Who asks on this client stream from now on. */
export interface HelloAnswer {
  /** Identity of the caller; `anonymous` where it has proven none. */
  readonly identity: string;
}

/** Cancels a waiting request of the same client stream. */
export interface CancelWaitBody {
  /** Id of the request, as its frame has it. */
  readonly request: number;
}

/** Whether there was such a request. */
export interface CancelWaitAnswer {
  /**
   * True also where it crossed the grant, which is then given back; false where no such request waits or was
   * answered here lately.
   */
  readonly cancelled: boolean;
}

/** Asks a node for a sign of life. */
export type PingBody = Readonly<Record<string, never>>;

/** The node is there. */
export type PingAnswer = Readonly<Record<string, never>>;
