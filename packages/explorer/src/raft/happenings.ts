/** What one step of a node lets the search see, beside its messages. */
import type { LogIndex, Term } from '@holdfast/raft';

export interface EntryPosition {
  readonly index: LogIndex;
  readonly term: Term;
}

export type Happening =
  | { readonly type: 'started'; readonly snapshot: EntryPosition }
  | { readonly type: 'restored'; readonly snapshot: EntryPosition }
  | {
      readonly type: 'leads';
      readonly term: Term;
      readonly log: { readonly firstIndex: LogIndex; readonly terms: readonly Term[] };
    }
  | {
      readonly type: 'applied';
      readonly index: LogIndex;
      readonly term: Term;
      readonly text: string;
      readonly isMembership: boolean;
      /** The term of the node that applies it. */
      readonly inTerm: Term;
    }
  | { readonly type: 'asked'; readonly readId: number }
  | { readonly type: 'proven'; readonly readId: number; readonly index: LogIndex }
  | { readonly type: 'failed'; readonly readId: number };
