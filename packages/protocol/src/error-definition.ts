/** What is known of each error code. */

export interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  /**
   * `never` (the request itself is wrong or lost its case), `later` (nothing was done, the same request may
   * succeed later), `same` (outcome unknown or not begun: repeat with the same request id).
   */
  readonly retry: 'never' | 'later' | 'same';
  /** Whether the request that is answered so may have had an effect. */
  readonly effect: ErrorEffect;
  /**
   * Who found it so. `cluster`: the replicated state, about this very request, so it holds for all copies of
   * it that were sent under its request id. `node`: one node by itself, about the copy that came to it.
   * `client`: no node at all.
   */
  readonly by: 'cluster' | 'node' | 'client';
  /** What else has to be known of the effect. */
  readonly note?: string;
}

/**
 * `none`: certainly not. `perhaps`: nobody knows, or not from this error alone. That something certainly was
 * done is told by an answer, never by an error.
 */
export type ErrorEffect = 'none' | 'perhaps';
