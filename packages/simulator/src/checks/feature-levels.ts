/**
 * Nothing of a feature level stands in the log before the entry that raised it to that level (FEATURE-1 of the state),
 * and the level never falls.
 */
import type { Batch } from '@holdfast/engine/parts';
import { withinLevel } from '@holdfast/state';

export class FeatureLevelsCheck {
  readonly #report: (message: string) => void;
  #level = 1;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** Of each entry once, in order. */
  onApplied(index: number, { commands }: Batch): void {
    for (const envelope of commands) {
      const { command } = envelope;
      const loggable = withinLevel(envelope, this.#level);
      if ('tooNew' in loggable || fieldsIn(loggable.envelope) < fieldsIn(envelope))
        this.#report(
          `Entry ${String(index)} has what feature level ${String(this.#level)} does not: ${JSON.stringify(envelope)}.`,
        );
      if (command.type !== 'raise_feature_level') continue;
      if (command.level < this.#level)
        this.#report(
          `Entry ${String(index)} lowers the feature level to ${String(command.level)}.`,
        );
      this.#level = Math.max(this.#level, command.level);
    }
  }
}

const fieldsIn = (envelope: object): number => Object.keys(envelope).length;
