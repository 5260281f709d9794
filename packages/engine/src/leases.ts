/**
 * Session deadlines, kept by the leader on its own monotonic clock.
 *
 * LEASE-1: a session is proposed for expiry only when its whole timeout has passed on this node's clock
 *     since the later of: the session's last sign of life that is logged was applied, its last keepalive was
 *     proven (SPEC.md S8); where neither was so under this leader, when what is left of its lease is over (LEASE-2).
 * LEASE-2: a new leadership starts from an empty table. A session has what is left of its timeout since the first
 *     leadership began in which it was not heard of (state/src/kernel/sessions/leaderships.ts HEARD-2): all of it under the first
 *     such leader, and less under the next ones, so that a dead client's holds end however often leaders change.
 * LEASE-3: while an expiry is in the log and not yet applied, no keepalive of that session is answered;
 *     it waits for the outcome.
 * LEASE-4: the table grows in small steps, and nothing stays of a session that has ended.
 * LEASE-5: one tick looks at no more than `looksPerTick` leases, and the next one goes on, also where all that come to the top
 *     were renewed: after a change of the leader those of one timeout stand in the heap under one deadline.
 *
 * Touching is the hot path (every command does it): it only moves a number. The heap holds the
 * deadline as it was when the entry was pushed and is put right when an entry comes to the top.
 */
import type { SessionId } from '@holdfast/state';
import { hashOfText, Heap, OrderedMap } from '@holdfast/state/collections';

/** To look at so many takes some ms. */
export const looksPerTick = 5000;

interface Lease {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
  deadlineMs: number;
  lastRenewedWallMs: number;
  /** The deadline under which the lease stands in the heap. */
  heapDeadlineMs: number;
  /** Place in the heap, -1 outside. */
  heapIndex: number;
  /** It is what a former leader left of it (LEASE-2). */
  isRest: boolean;
  ended: boolean;
  expiry: Promise<void> | undefined;
}

export class LeaseTable {
  // There may be very many sessions (LEASE-4).
  #leases = newLeases();
  #heap = newHeap();
  #restCount = 0;

  /** Leases that nothing has renewed since this leadership began. */
  get restCount(): number {
    return this.#restCount;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** Those whose deadlines are waited for: all but those whose expiry is in the log. */
  get waitingCount(): number {
    return this.#heap.size;
  }

  /** LEASE-2. */
  clear(): void {
    this.#leases = newLeases();
    this.#heap = newHeap();
    this.#restCount = 0;
  }

  /**
   * Begins a lease, or renews it where it stands already.
   *
   * @param leftMs What is left of it, where that is not its whole timeout (LEASE-2).
   */
  begin(
    sessionId: SessionId,
    timeoutMs: number,
    nowMs: number,
    wallMs: number,
    leftMs?: number,
  ): void {
    const known = this.#leases.get(sessionId);
    if (known !== undefined) {
      this.touch(sessionId, nowMs, wallMs);
      return;
    }
    const deadlineMs = nowMs + (leftMs ?? timeoutMs);
    if (leftMs !== undefined) this.#restCount += 1;
    const lease: Lease = {
      sessionId,
      timeoutMs,
      deadlineMs,
      lastRenewedWallMs: wallMs,
      heapDeadlineMs: deadlineMs,
      heapIndex: -1,
      isRest: leftMs !== undefined,
      ended: false,
      expiry: undefined,
    };
    this.#leases.set(sessionId, lease);
    this.#push(lease);
  }

  /** Gives the session its full timeout from now. Returns the timeout, or undefined where there is no such lease. */
  touch(sessionId: SessionId, nowMs: number, wallMs: number): number | undefined {
    const lease = this.#leases.get(sessionId);
    if (lease === undefined) return undefined;
    lease.deadlineMs = nowMs + lease.timeoutMs;
    lease.lastRenewedWallMs = wallMs;
    this.#isRestNoMore(lease);
    return lease.timeoutMs;
  }

  end(sessionId: SessionId): void {
    const lease = this.#leases.get(sessionId);
    if (lease === undefined) return;
    lease.ended = true;
    this.#isRestNoMore(lease);
    this.#leases.delete(sessionId);
    // LEASE-4
    if (this.#heap.has(lease)) this.#heap.remove(lease);
  }

  /** Wall clock of the last renewal, for people. */
  lastRenewedWallMs(sessionId: SessionId): number | undefined {
    return this.#leases.get(sessionId)?.lastRenewedWallMs;
  }

  /** The outcome that a keepalive has to wait for (LEASE-3). */
  expiryInProgress(sessionId: SessionId): Promise<void> | undefined {
    return this.#leases.get(sessionId)?.expiry;
  }

  /**
   * Takes out, at most `limit`, the sessions whose deadline has passed (LEASE-1) and hands each to
   * `expire`, whose promise settles when the outcome is applied.
   */
  expireDue(nowMs: number, limit: number, expire: (sessionId: SessionId) => Promise<void>): void {
    let count = 0;
    for (let looks = 0; count < limit && looks < looksPerTick; looks++) {
      const top = this.#heap.first();
      if (top === undefined || top.heapDeadlineMs > nowMs) return;
      this.#heap.remove(top);
      if (top.deadlineMs > nowMs) {
        this.#push(top);
        continue;
      }
      count += 1;
      top.expiry = expire(top.sessionId).then(() => {
        top.expiry = undefined;
        // The guard did not hold, or the proposal failed: the session lives on and is due again later.
        if (!top.ended && this.#leases.get(top.sessionId) === top) this.#push(top);
      });
    }
  }

  #isRestNoMore(lease: Lease): void {
    if (!lease.isRest) return;
    lease.isRest = false;
    this.#restCount -= 1;
  }

  #push(lease: Lease): void {
    lease.heapDeadlineMs = lease.deadlineMs;
    this.#heap.add(lease);
  }
}

const newLeases = (): OrderedMap<SessionId, Lease> => new OrderedMap<SessionId, Lease>(hashOfText);
const newHeap = (): Heap<Lease> => new Heap((a, b) => a.heapDeadlineMs < b.heapDeadlineMs);
