/** What can be searched: states as rows of integers, and what can happen in each. */
export interface TransitionSystem {
  /** Integers in a state. */
  readonly width: number;
  /** How many ways of naming the nodes count as one (1: no symmetry is used). */
  readonly symmetries: number;
  start(): Int32Array;
  /** Tells everything that can happen next. What is emitted is the caller's for the time of the call only. */
  expand(state: Int32Array, emit: Emit): void;
  /** What a state breaks by itself; looked at once for each. */
  judge(state: Int32Array): string | undefined;
  /** The line of a trace for one action in this state. */
  tell(state: Int32Array, action: number): string;
  /** Further lines about a state. */
  describe(state: Int32Array): readonly string[];
  /** Names of nodes from here on, after a state was replaced by its like under this renaming. */
  rename(symmetry: number): void;
  /** What was broken, with the names of nodes as they are now. */
  named(broken: string): string;
  /** Kinds of what happened on the way, so that one can see what the bounds allow. */
  readonly happened: readonly string[];
  /** Looks at whether states that were taken for one are one. @returns How many steps it compared. @throws Error where not. */
  audit(): number | Promise<number>;
  /** Statistics of its own for the summary. */
  stats(): Readonly<Record<string, number>>;
  /** Some outcome has to be found out by running code that waits: then `learn`, and expand the state again. */
  readonly lacks: boolean;
  learn(): Promise<void>;
}

/**
 * @param state After the action, under the names that make it the least of its likes.
 * @param symmetry The renaming.
 * @param broken What the action breaks; then the state counts for nothing.
 */
export type Emit = (
  state: Int32Array,
  action: number,
  symmetry: number,
  broken: string | undefined,
) => void;
