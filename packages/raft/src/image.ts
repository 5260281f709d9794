/**
 * All that a core's future depends on, as plain data: two cores with equal images answer equal inputs in the
 * same way, now and ever after. For whoever compares states, as a model checker does; nothing here changes one.
 *
 * IMG-1: ids of writes count from the last one that is durable, and what is read in one role only is told
 *        in that role only: so that states that differ in nothing else have the same image.
 */
export type Image =
  string | number | boolean | null | readonly Image[] | { readonly [name: string]: Image };

export type EntryImage = readonly [index: number, term: number, kind: string, data: string];
/** From the entry before the first one, by index and term, on. */
export type LogImage = readonly [
  baseIndex: number,
  baseTerm: number,
  entries: readonly EntryImage[],
];

export interface CoreImage {
  readonly [name: string]: Image;
  readonly log: LogImage;
}

export interface HasImage {
  image(): CoreImage;
}

/** IMG-1: 0 where the write is durable. */
export const sincePersisted = (writeId: number, persistedId: number): number =>
  Math.max(0, writeId - persistedId);
