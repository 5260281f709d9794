/** What a node tells unasked: ends of sessions and holds, events of watches. */
import type { CachePush, HoldEndedPush, WatchPush } from '@holdfast/protocol';

/** A session that is kept alive over this connection. */
export interface AttachedSession {
  /** Its timeout. */
  readonly leaseMs: number;
  readonly onEnded: () => void;
  /** Others ended a hold of it. */
  readonly onHoldEnded: (push: HoldEndedPush) => void;
}

export class Pushes {
  readonly #sessions = new Map<string, AttachedSession>();
  /** How many sessions have a lease of so many ms. */
  readonly #leases = new Map<number, number>();
  readonly #watches = new Map<number, (push: WatchPush) => void>();

  #cache: (push: CachePush) => void = () => undefined;

  /** Calls back with what is to be dropped from the memory of this client. */
  onCache(drop: (push: CachePush) => void): void {
    this.#cache = drop;
  }

  /** Undefined: none is kept alive. */
  get shortestLeaseMs(): number | undefined {
    let shortestMs: number | undefined;
    for (const leaseMs of this.#leases.keys())
      shortestMs = Math.min(shortestMs ?? leaseMs, leaseMs);
    return shortestMs;
  }

  /** @returns what ends it. */
  attach(sessionId: string, session: AttachedSession): () => void {
    this.#sessions.set(sessionId, session);
    this.#count(session.leaseMs, 1);
    return () => {
      if (this.#sessions.get(sessionId) !== session) return;
      this.#sessions.delete(sessionId);
      this.#count(session.leaseMs, -1);
    };
  }

  #count(leaseMs: number, change: 1 | -1): void {
    const count = (this.#leases.get(leaseMs) ?? 0) + change;
    if (count === 0) this.#leases.delete(leaseMs);
    else this.#leases.set(leaseMs, count);
  }

  watch(watchId: number, onPush: (push: WatchPush) => void): void {
    this.#watches.set(watchId, onPush);
  }

  get isWatching(): boolean {
    return this.#watches.size > 0;
  }

  /** @returns whether there was one. */
  unwatch(watchId: number): boolean {
    return this.#watches.delete(watchId);
  }

  /** Watches end with their connection; sessions do not. */
  lost(): void {
    this.#watches.clear();
  }

  take(kind: string, body: unknown): void {
    if (kind === 'watch') {
      const push = body as WatchPush;
      this.#watches.get(push.watch_id)?.(push);
    } else if (kind === 'cache') this.#cache(body as CachePush);
    else if (kind === 'hold_ended') {
      const push = body as HoldEndedPush;
      this.#sessions.get(push.session_id)?.onHoldEnded(push);
    } else if (kind === 'session_ended') {
      const { session_id: sessionId } = body as { readonly session_id: string };
      this.#sessions.get(sessionId)?.onEnded();
    }
  }
}

/** The watch that an answer tells to have begun. The answer that ends one names it, too, but has no position. */
export function begunWatchIn(answer: unknown): number | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { watch_id: id, position } = answer as Partial<Readonly<Record<string, unknown>>>;
  return typeof id === 'number' && position !== undefined ? id : undefined;
}
