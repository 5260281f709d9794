/**
 * A lock without a leader: held while a majority of independent voters keep its lease.
 *
 * Safety is in lease.ts; here are waiting, renewing, and what a program may believe.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { WaitOptions } from '../acquiring.ts';
import type { Moment } from '../clock.ts';
import { Held } from '../held.ts';
import { checkFields, checkMs, checkSignal } from './door.ts';
import { attempt, majorityOf, release, renew, validForMs, validityMs } from './lease.ts';
import type { Attempt, GrantedLease, QuorumSettings } from './lease.ts';
import { Line } from './line.ts';
import type { Silence } from './round.ts';
import type { LeaseAsk } from './voter.ts';

const minPauseMs = 20;
const maxPauseMs = 500;

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
   * Takes the lock, and keeps it until it is released or cannot be renewed. Where nodes are silent, the last
   * attempt may take up to three times `nodeTimeoutMs` beyond `waitMs`: to ask, to confirm, to give back.
   *
   * @throws HoldfastError `lock_held` (without a wait), `wait_timeout`, `no_quorum` (a majority did not
   *   answer), `aborted`. At once, however long it may wait: `invalid_request` for a value that is none of its kind,
   *   and what so many voters say that no majority is left (`invalid_request` for a ttl above their largest,
   *   `wrong_epoch`, `unauthorized`): they would say it each time.
   */
  async acquire(options: WaitOptions = {}): Promise<QuorumHold> {
    checkFields('What an acquire may ask for', options);
    const { waitMs = 0, signal } = options;
    checkMs('"waitMs"', waitMs);
    checkSignal(signal);
    const { clock, clientId, newId, voters } = this.#settings;
    const untilMs = clock.now() + waitMs;
    const ask = { resource: this.name, clientId, waiterId: newId() };
    const line = new Line(this.#settings, this.name, ask.waiterId);
    let isNext = false;
    try {
      for (let tries = 0; ; tries++) {
        if (isAborted(signal)) throw aborted();
        const tried = await this.#attempt({ ...ask, isNext }, signal);
        if (tried.type === 'held') {
          if (!isAborted(signal)) return new QuorumHold(this.#settings, tried.lease);
          void release(this.#settings, tried.lease, () => false);
          throw aborted();
        }
        const refusal = refusalOf(this.name, tried.silent, voters.length);
        if (refusal !== undefined) throw refusal;
        const leftMs = untilMs - clock.now();
        if (leftMs <= 0) {
          await tried.givenBack;
          throw tried.silent.length > voters.length - majorityOf(voters)
            ? noQuorum(`nothing is granted for "${this.name}"`, tried.silent)
            : busy(this.name, waitMs);
        }
        const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(tries, 8));
        const jitteredMs = pauseMs * (0.5 + clock.random());
        isNext = await line.next({ pauseMs: jitteredMs, leftMs, signal });
      }
    } finally {
      line.close();
    }
  }

  /** Who gives up does not wait for the answers; what they grant all the same is given back. */
  #attempt(ask: Omit<LeaseAsk, 'leaseId' | 'ttlMs'>, signal?: AbortSignal): Promise<Attempt> {
    const trying = attempt(this.#settings, ask);
    if (signal === undefined) return trying;
    return new Promise((resolve, reject) => {
      // Whichever comes first: what the caller has is not given back behind its back.
      let hasGivenUp = false;
      const gaveUp = (): void => {
        hasGivenUp = true;
        reject(aborted());
      };
      if (signal.aborted) gaveUp();
      else signal.addEventListener('abort', gaveUp, { once: true });
      trying.then((tried) => {
        signal.removeEventListener('abort', gaveUp);
        if (!hasGivenUp) resolve(tried);
        else if (tried.type === 'held') void release(this.#settings, tried.lease, () => false);
      }, reject);
    });
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

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
const aborted = (): HoldfastError => new HoldfastError('aborted', 'The caller cancelled the call.');

function busy(name: string, waitMs: number): HoldfastError {
  return waitMs > 0
    ? new HoldfastError('wait_timeout', `"${name}" was not free in time.`, { resource: name })
    : new HoldfastError('lock_held', `Somebody else holds "${name}".`, { resource: name });
}

function noQuorum(so: string, silent: readonly Silence[]): HoldfastError {
  return new HoldfastError('no_quorum', `Without a majority ${so}. ${reasonsOf(silent)}.`, {
    silent: silent.length,
  });
}

/** DOOR-1 of door.ts, where it is the voters that know. One that is set up wrongly ends no client's wait. */
function refusalOf(
  name: string,
  silent: readonly Silence[],
  voters: number,
): HoldfastError | undefined {
  const refusing = silent.filter(({ refusal }) => refusal !== undefined);
  const [first] = refusing;
  if (first?.refusal === undefined || voters - refusing.length >= Math.floor(voters / 2) + 1)
    return undefined;
  const { code, details } = first.refusal;
  const some = `${String(refusing.length)} of ${String(voters)} voters refuse it`;
  return new HoldfastError(
    code,
    `Nothing is granted for "${name}": ${some}. ${reasonsOf(refusing)}.`,
    details,
    { cause: first.refusal },
  );
}

function reasonsOf(silent: readonly Silence[]): string {
  const reasons = silent.map(({ voter: { name }, why }) => {
    const text = why.replace(/\.$/, '');
    return text.startsWith(name) ? text : `${name}: ${text}`;
  });
  return reasons.join('; ');
}

/** A lock that is held by a quorum lease; renewed by itself until it is released or lost. */
export class QuorumHold extends Held {
  readonly #settings: QuorumLockSettings;
  readonly #granted: GrantedLease;
  /** Before what proved the lease last was asked for. */
  #askedAt: Moment;
  #cancelRenewal: () => void = () => undefined;
  #cancelEnd: () => void = () => undefined;

  /** @internal */
  constructor(settings: QuorumLockSettings, granted: GrantedLease) {
    super(
      { isValid: () => this.#isValid() },
      {
        kind: 'lock',
        name: granted.resource,
        fenceToken: granted.token,
        release: () => this.#giveBack(),
      },
    );
    this.#settings = settings;
    this.#granted = granted;
    this.#askedAt = granted.askedAt;
    this.#planRenewal(settings.ttlMs / 3);
    this.#planEnd();
  }

  /** Ms for which the lease is certain from now; 0 when it is not. */
  get validForMs(): number {
    return this.isHeld() ? Math.max(0, validForMs(this.#settings, this.#askedAt)) : 0;
  }

  /** By the monotonic clock, for how long. */
  get #standsForMs(): number {
    const { clock } = this.#settings;
    return this.#askedAt.monotonicMs + validityMs(this.#settings) - clock.now();
  }

  /** Where the machine slept past the end a renewal will tell. */
  #isValid(): boolean {
    if (this.#standsForMs <= 0) this.#end("its lease has run out by this machine's clock");
    return validForMs(this.#settings, this.#askedAt) > 0;
  }

  #end(why: string): void {
    this.#stop();
    this.lose('lost', why, 'expired');
  }

  #planRenewal(delayMs: number): void {
    this.#cancelRenewal = this.#settings.clock.after(delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.state !== 'held') return;
    const { ttlMs, clock } = this.#settings;
    const renewal = await renew(this.#settings, this.#granted);
    // What has run out meanwhile comes back no more.
    if (this.state !== 'held') return;
    if (renewal.type === 'renewed') {
      this.#askedAt = renewal.askedAt;
      this.#planEnd();
      this.#planRenewal(ttlMs / 3);
    } else if (renewal.type === 'ended') this.#end('a majority says that its lease does not stand');
    // Until it runs out there is time to try again.
    else this.#planRenewal(Math.min(ttlMs / 10, maxPauseMs) * (0.5 + clock.random() / 2));
  }

  /** The timer only hurries what `#isValid` finds out anyway. */
  #planEnd(): void {
    this.#cancelEnd();
    this.#cancelEnd = this.#settings.clock.after(Math.max(0, this.#standsForMs), () => {
      this.#isValid();
      if (this.state === 'held') this.#planEnd();
    });
  }

  #stop(): void {
    this.#cancelRenewal();
    this.#cancelEnd();
  }

  async #giveBack(): Promise<void> {
    this.#stop();
    const { voters, ttlMs } = this.#settings;
    const majority = majorityOf(voters);
    if (await release(this.#settings, this.#granted, (told) => told.size >= majority)) return;
    throw new HoldfastError(
      'no_quorum',
      `A majority has not heard that "${this.name}" is released: it ends by itself within ${String(ttlMs)} ms.`,
    );
  }
}
