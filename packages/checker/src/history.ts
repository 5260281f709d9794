/** What callers saw, and what they should have seen. */

/** One operation as its caller saw it; times in ms on one common monotonic axis (virtual or real). */
export interface Operation<Call, Answer> {
  readonly client: string;
  readonly call: Call;
  readonly calledAtMs: number;
  readonly outcome:
    | { readonly type: 'answered'; readonly answer: Answer; readonly atMs: number }
    /** It may have happened at any time after the call, or never. */
    | { readonly type: 'unknown' };
}

/** The object that the operations act on, as if they came one after the other. */
export interface Model<State, Call, Answer> {
  readonly initial: State;
  /** Operations of different keys do not touch each other: each key is checked by itself. */
  readonly keyOf: (call: Call) => string;
  /**
   * All states in which the operation may leave `state` with this answer (`undefined`: unknown
   * outcome, any answer); empty: impossible.
   */
  readonly step: (state: State, call: Call, answer: Answer | undefined) => readonly State[];
  /**
   * Equal for states that no operation can tell apart, and for no others. What follows from which
   * operations took place may be left out: states are only compared after the same ones.
   */
  readonly hash: (state: State) => string;
  /**
   * Of two states of equal hash, the one of lower rank allows everything that the other does. Absent: all
   * have the same rank.
   */
  readonly rank?: (state: State) => number;
  /** A hint: operations of lower tickets mostly come first. Undefined: its answer tells nothing of that. */
  readonly ticketOf?: (call: Call, answer: Answer) => number | undefined;
  /** Where a session may stand for any other of which the state knows nothing. */
  readonly sessions?: {
    /** Undefined: of no session. */
    readonly sessionOf: (call: Call) => string | undefined;
    /** All of the call but its session. */
    readonly shapeOf: (call: Call) => string;
    /** Whether the session is another after it, though the state may not show it. */
    readonly isEnd: (call: Call) => boolean;
    readonly isIn: (state: State, session: string) => boolean;
  };
  readonly describe: (call: Call, answer: Answer | undefined) => string;
  readonly describeState: (state: State) => string;
}
