/**
 * A lock without a leader: held while a majority of independent voters keep its lease.
 *
 * Safety is in lease.ts; here are waiting, renewing, and what a program may believe.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { WaitOptions } from '../acquiring.ts';
import type { ClientClock } from '../clock.ts';
import { Held } from '../held.ts';
import type { Lease } from '../held.ts';
import { attempt, majorityOf, release, renew } from './lease.ts';
import type { GrantedLease, QuorumSettings } from './lease.ts';
import { Line } from './line.ts';

const minPauseMs = 20;
const maxPauseMs = 500;
/** Wall and monotonic clock apart by more than this: the machine was suspended. */
const suspendDriftMs = 1000;

export interface QuorumLockSettings extends QuorumSettings {
  /** Shown to people as the holder. */
  readonly clientId: string;
}

/**
 * A lock by its name, on independent lease nodes or Redis servers.
 *
 * @example
 * const quorum = new Quorum({ nodes: ['http://a:5001', 'http://b:5001', 'http://c:5001'] });
 * await using hold = await quorum.lock('reports/daily').acquire({ waitMs: 5000 });
 */
export class QuorumLock {
  /** The name of the lock. */
  readonly name: string;
  readonly #settings: QuorumLockSettings;

  /** @internal */
  constructor(settings: QuorumLockSettings, name: string) {
    this.#settings = settings;
    this.name = name;
  }

  /**
   * Takes the lock, and keeps it until it is released or cannot be renewed.
   *
   * @throws HoldfastError `lock_held` (without a wait), `wait_timeout`, `no_quorum` (a majority did not
   *   answer), `aborted`.
   */
  async acquire({ waitMs = 0, signal }: WaitOptions = {}): Promise<QuorumHold> {
    const { clock, clientId, newId, voters } = this.#settings;
    const untilMs = clock.now() + waitMs;
    const waiterId = newId();
    const line = new Line(this.#settings, this.name, waiterId);
    try {
      for (let tries = 0; ; tries++) {
        if (isAborted(signal)) throw aborted();
        const offsetMs = offsetOf(clock);
        const tried = await attempt(this.#settings, this.name, clientId, waiterId);
        if (tried.type === 'held') {
          const hold = new QuorumHold(this.#settings, tried.lease, offsetMs);
          if (!isAborted(signal)) return hold;
          await hold.release();
          throw aborted();
        }
        const leftMs = untilMs - clock.now();
        if (leftMs <= 0) {
          const answered = voters.length - tried.silent;
          throw answered < majorityOf(voters)
            ? tooSilent(this.name, tried.silent)
            : busy(this.name, waitMs);
        }
        const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(tries, 8));
        const jitteredMs = pauseMs * (0.5 + clock.random());
        await line.next(tried.busy, Math.min(leftMs, jitteredMs), leftMs, signal);
      }
    } finally {
      line.close();
    }
  }

  /** Null when somebody else holds it. Throws as `acquire` does. */
  async tryAcquire(options: Omit<WaitOptions, 'waitMs'> = {}): Promise<QuorumHold | null> {
    try {
      return await this.acquire(options);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'lock_held') return null;
      throw error;
    }
  }
}

/** Wall minus monotonic clock. */
const offsetOf = (clock: ClientClock): number => clock.wallNow() - clock.now();
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
const aborted = (): HoldfastError => new HoldfastError('aborted', 'The caller gave up.');

function busy(name: string, waitMs: number): HoldfastError {
  return waitMs > 0
    ? new HoldfastError('wait_timeout', `"${name}" was not free in time.`, { resource: name })
    : new HoldfastError('lock_held', `Somebody else holds "${name}".`, { resource: name });
}

function tooSilent(name: string, silent: number): HoldfastError {
  return new HoldfastError(
    'no_quorum',
    `${String(silent)} nodes did not answer for "${name}": without a majority nothing is granted.`,
    { resource: name, silent },
  );
}

/** A lease by the clock of this client. */
class QuorumLease implements Lease {
  readonly #clock: ClientClock;
  /** Wall minus monotonic clock when the last proof was asked for: a suspend on its way counts too. */
  #offsetMs: number;
  validUntilMs: number;
  onInvalid: (why: string) => void = () => undefined;

  constructor(clock: ClientClock, validUntilMs: number, offsetMs: number) {
    this.#clock = clock;
    this.validUntilMs = validUntilMs;
    this.#offsetMs = offsetMs;
  }

  proven(validUntilMs: number, offsetMs: number): void {
    this.validUntilMs = validUntilMs;
    this.#offsetMs = offsetMs;
  }

  isValid(): boolean {
    if (this.#clock.now() >= this.validUntilMs) {
      this.onInvalid("its lease has run out by this machine's clock");
      return false;
    }
    const drift = Math.abs(offsetOf(this.#clock) - this.#offsetMs);
    return drift < suspendDriftMs;
  }
}

/** A lock that is held by a quorum lease; renewed by itself until it is released or lost. */
export class QuorumHold extends Held {
  readonly #settings: QuorumLockSettings;
  readonly #granted: GrantedLease;
  readonly #own: QuorumLease;
  #cancelRenewal: () => void = () => undefined;
  #cancelEnd: () => void = () => undefined;

  /** @internal */
  constructor(settings: QuorumLockSettings, granted: GrantedLease, offsetMs: number) {
    const lease = new QuorumLease(settings.clock, granted.validUntilMs, offsetMs);
    super(lease, {
      kind: 'lock',
      name: granted.resource,
      fenceToken: granted.token,
      release: async () => {
        this.#stop();
        await release(settings, granted);
      },
    });
    this.#settings = settings;
    this.#granted = granted;
    this.#own = lease;
    lease.onInvalid = (why) => {
      this.#stop();
      this.lose('lost', why, 'expired');
    };
    this.#planRenewal(settings.ttlMs / 3);
    this.#planEnd();
  }

  /** Ms for which the lease is certain from now; 0 when it is not. */
  get validForMs(): number {
    return this.isHeld() ? this.#own.validUntilMs - this.#settings.clock.now() : 0;
  }

  #planRenewal(delayMs: number): void {
    this.#cancelRenewal = this.#settings.clock.after(delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.state !== 'held') return;
    const { ttlMs, clock } = this.#settings;
    const offsetMs = offsetOf(clock);
    const validUntilMs = await renew(this.#settings, this.#granted, this.#own.validUntilMs);
    if (this.state !== 'held') return;
    if (validUntilMs !== undefined) {
      this.#own.proven(validUntilMs, offsetMs);
      this.#planEnd();
      this.#planRenewal(ttlMs / 3);
      return;
    }
    // Until it runs out there is time to try again.
    this.#planRenewal(Math.min(ttlMs / 10, maxPauseMs) * (0.5 + clock.random() / 2));
  }

  /** The timer only hurries what `isValid` finds out anyway. */
  #planEnd(): void {
    this.#cancelEnd();
    const { clock } = this.#settings;
    this.#cancelEnd = clock.after(Math.max(0, this.#own.validUntilMs - clock.now()), () => {
      if (this.#own.isValid()) this.#planEnd();
    });
  }

  #stop(): void {
    this.#cancelRenewal();
    this.#cancelEnd();
  }
}
