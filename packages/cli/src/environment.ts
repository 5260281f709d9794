import type { Output } from './output.ts';

/** What every command has at hand. */
export interface Environment {
  readonly output: Output;
  /** The nodes to ask; without any given it looks which of the usual ones answer. */
  readonly endpoints: () => Promise<readonly string[]>;
  /** Those that were named, by the option or the variable. */
  readonly namedEndpoints: () => readonly string[];
  /** Sets the exit status of a command that did its work and has something else than success to tell. */
  readonly finish: (status: number) => void;
}
