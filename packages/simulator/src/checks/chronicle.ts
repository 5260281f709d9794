/**
 * Every event in the order of the log, as the first node that applies it tells it; and whether those who
 * watch were told the same, none left out, none twice, none out of order.
 */
import { wireEvents } from '@holdfast/api/parts';
import type { Event } from '@holdfast/state';

export class Chronicle {
  readonly #report: (message: string) => void;
  /** Positions in order. */
  readonly #positions: string[] = [];
  readonly #indexes = new Map<string, number>();
  #told = 0;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** How many events were told to those who watch. */
  get told(): number {
    return this.#told;
  }

  onApplied(index: number, events: readonly Event[]): void {
    for (const { position } of wireEvents(index, events)) {
      this.#indexes.set(position, this.#positions.length);
      this.#positions.push(position);
    }
  }

  /** One who watches everything; gets each position as it is told. */
  reader(name: string): (position: string) => void {
    let last: number | undefined;
    return (position) => {
      const index = this.#indexes.get(position);
      this.#told += 1;
      if (index === undefined) {
        this.#report(`${name} was told ${position}, which never happened.`);
        return;
      }
      if (last !== undefined && index !== last + 1)
        this.#report(
          `${name} was told ${position} after ${String(this.#positions[last])}; ${String(this.#positions[last + 1])} comes next.`,
        );
      last = index;
    };
  }
}
