/** What the checker found. Operations are named by their index in the history that was given. */

/** One order of operations that explains all their answers, as far as it goes. */
export interface Prefix {
  /** Indexes in the history, in the order found. */
  readonly order: readonly number[];
  /** The model's description of the state after the last of them. */
  readonly finalState: string;
}

export type Verdict =
  | { readonly type: 'linearizable'; readonly keys: number; readonly steps: number }
  | {
      readonly type: 'violation';
      readonly key: string;
      /** All operations of this key, in the order of their calls. */
      readonly operations: readonly number[];
      /** The longest orders that were found, at most a few. Each explains as much as can be explained. */
      readonly prefixes: readonly Prefix[];
      /** Answered operations of this key that the first of these orders has no place for, in the order of their calls. */
      readonly unplaced: readonly number[];
      /** In plain words, for a log. */
      readonly message: string;
      readonly steps: number;
    }
  | {
      readonly type: 'undecided';
      /** Keys for which the limit was reached. All others are linearizable. */
      readonly keys: readonly string[];
      readonly reason: 'steps' | 'deadline';
      readonly steps: number;
    };

export interface Limits {
  /** Most steps of the model for one key; 10 million when absent. */
  readonly maxSteps?: number;
  /** Longest time for the whole history by `now`, shared by its keys; 60 s when absent. `Infinity`: steps alone are limited. */
  readonly deadlineMs?: number;
  /** A monotonic clock; `performance.now` when absent. */
  readonly now?: () => number;
}
