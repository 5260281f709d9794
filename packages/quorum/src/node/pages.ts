/**
 * Long lists that others read page by page. What is listed is listed once, without an order, when the first
 * page is asked for: a million names are not sorted while clients wait for their votes.
 */
import { HoldfastError } from '@holdfast/protocol';

export const namesOnAPage = 1000;
/** Read at the same time; the list that nobody asked for longest is forgotten. */
const mostLists = 7;

export interface NamePage {
  readonly names: readonly string[];
  /** Null: the last. */
  readonly next: string | null;
}

export class Pages {
  /** Those asked for last are last. */
  readonly #lists = new Map<number, readonly string[]>();
  #lastNumber = 0;

  /** @param after Empty: the first page. @throws HoldfastError `invalid_request` when its list is forgotten. */
  page(after: string, list: () => readonly string[]): NamePage {
    const [number = 0, place = 0] =
      after === '' ? [this.#begin(list()), 0] : after.split('.').map(Number);
    const names = this.#lists.get(number);
    if (names === undefined || !Number.isSafeInteger(place) || place < 0)
      throw new HoldfastError(
        'invalid_request',
        `There is no page after "${after}". Begin again without "after".`,
      );
    this.#lists.delete(number);
    const end = place + namesOnAPage;
    const isLast = end >= names.length;
    if (!isLast) this.#lists.set(number, names);
    return {
      names: names.slice(place, end),
      next: isLast ? null : `${String(number)}.${String(end)}`,
    };
  }

  #begin(names: readonly string[]): number {
    for (const [oldest] of this.#lists) {
      if (this.#lists.size < mostLists) break;
      this.#lists.delete(oldest);
    }
    this.#lists.set(++this.#lastNumber, names);
    return this.#lastNumber;
  }
}
