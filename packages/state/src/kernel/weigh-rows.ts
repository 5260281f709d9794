/** What a row of a listing weighs, and what is looked at for it. */
import type { Row } from './view-bounds.ts';

/** Holders, and waiters, of each that is listed. */
export const rowsInAList = 10;

/** One of those that are listed, before it is known whether it is shown. */
export interface ListedItem<View> {
  /** The clients that use it, as far as they are looked at. */
  readonly clients: () => Iterable<string>;
  /** Somebody stands in its wait queue; undefined: it has none. */
  readonly isWaitedFor?: boolean;
  /** With what it weighs. */
  readonly show: () => { readonly view: View; readonly rows: readonly Row[] };
}

interface Held {
  readonly clientId: string;
  readonly metadata?: Row['metadata'];
}

export const weigh = (
  name: string,
  holders: readonly Held[],
  waiters: readonly { readonly clientId: string }[] = [],
): readonly Row[] => [
  { texts: [name] },
  ...holders.map(({ clientId, metadata }) => ({ texts: [clientId], metadata })),
  ...waiters.map(({ clientId }) => ({ texts: [clientId] })),
];
