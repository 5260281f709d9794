/**
 * Whether the cluster counts the acquires of a lock, and the campaigns of a leadership, as its client does. Permits and
 * barriers have no such count: each acquire of permits is a hold of its own, and a leave ends all that entered.
 *
 * HOLD-COUNT-1: the two counts are compared by the answer of an acquire with nothing else of the session under way from
 *      its request on: what is released or cancelled in the background would be counted on one side only.
 * HOLD-COUNT-2: nothing is released because of a difference: another program that uses the session may hold it. What no
 *      caller has is cancelled by its number (NUMBERED-CALL-1), never by a count.
 */
import type { ClientWarning } from './client-warning.ts';
import type { Held } from './held.ts';
import type { Holdings } from './holdings.ts';

/** Equal at the request and at the answer of an acquire: the two counts may be compared. */
export type Quiet = number | undefined;

export class HoldCounts {
  readonly #sessionId: string;
  readonly #holdings: Holdings;
  readonly #calls: { readonly isQuiet: boolean };
  readonly #onWarning: (warning: ClientWarning) => void;

  constructor(
    sessionId: string,
    holdings: Holdings,
    calls: { readonly isQuiet: boolean },
    onWarning: (warning: ClientWarning) => void,
  ) {
    this.#sessionId = sessionId;
    this.#holdings = holdings;
    this.#calls = calls;
    this.#onWarning = onWarning;
  }

  /** HOLD-COUNT-1. */
  get quiet(): Quiet {
    return this.#calls.isQuiet ? this.#holdings.changes : undefined;
  }

  /** Asked when the answer is there, before anything of it is kept. */
  isQuietSince(request: Quiet): boolean {
    return request !== undefined && request === this.quiet;
  }

  /**
   * Of a hold that is kept already; tells a difference once (HOLD-COUNT-2).
   *
   * @param holdCount As it was answered; older nodes do not tell that of a leadership.
   */
  compare(hold: Held, holdCount: number | undefined): void {
    if (hold.kind === 'semaphore' || holdCount === undefined) return;
    const knownCount = this.#holdings.differentCount(hold, holdCount);
    if (knownCount === undefined) return;
    const { kind: resourceKind, name: resource, fenceToken } = hold;
    const sessionId = this.#sessionId;
    const what =
      resourceKind === 'lock'
        ? `acquires of lock "${resource}"`
        : `campaigns in election "${resource}"`;
    this.#onWarning({
      kind: 'hold_count_differs',
      sessionId,
      resourceKind,
      resource,
      fenceToken,
      holdCount,
      knownCount,
      message: `The cluster counts ${String(holdCount)} ${what} (fence token ${String(fenceToken)}) for session "${sessionId}", its client knows of ${String(knownCount)}: another program uses the session, or a hold stands that no caller has. It ends with the session at the latest.`,
    });
  }
}
