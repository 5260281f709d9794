/**
 * A lock without a leader: held while a majority of independent voters keep its lease.
 *
 * Safety is in lease.ts; here are waiting, renewing, and what a program may believe.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { WaitOptions } from '@holdfast/client';
import type { Moment, Wakes } from '@holdfast/client/parts';
import { Held } from '@holdfast/client';
import { onAbort } from './abort-listeners.ts';
import { checkFields, checkMs, checkSignal } from './arguments.ts';
import type { Gates } from './gates.ts';
import { attempt, majorityOf, release, renew, validForMs, validityMs } from './lease.ts';
import type { Attempt, GrantedLease } from './lease.ts';
import type { WaitQueueSettings } from './wait-queue.ts';
import { WaitQueue } from './wait-queue.ts';
import type { Silence } from './round.ts';
import type { LeaseAsk } from './voter.ts';

const minPauseMs = 20;
const maxPauseMs = 500;
/** Where voters say that too many ask. */
const maxRefusedPauseMs = 16_000;

/** After the machine slept past the end of a lease, how long a renewal may take until the hold is lost. */
const longestDoubtMs = 1000;

/** What it takes at least until the next of those that wait has it. */
const handOverMs = 2;

/**
 * Grows with the tries; far beyond that with how often voters refused for having too much to do, and with how many they
 * say stand before it.
 */
function pauseAfter(tries: number, refusals: number, waiters: number): number {
  const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(tries, 8));
  if (refusals === 0) return pauseMs;
  const refusedMs = Math.max(pauseMs * 2 ** Math.min(refusals, 8), waiters * handOverMs);
  return Math.min(maxRefusedPauseMs, refusedMs);
}

interface Taking {
  readonly untilMs: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  /** Is in the wait queue before it asks. */
  readonly isQueued: boolean;
}

export interface QuorumLockSettings extends WaitQueueSettings {
  /** Shown to people as the holder. */
  readonly clientId: string;
  readonly gates: Gates;
  readonly wakes: Wakes;
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
   *   answer), `cancelled`. At once, however long it may wait: `invalid_request` for a value that is none of its kind,
   *   and what so many voters say that no majority is left (`invalid_request` for a ttl above their largest,
   *   `wrong_epoch`, `unauthorized`): they would say it each time.
   */
  async acquire(options: WaitOptions = {}): Promise<QuorumHold> {
    checkFields('The options of an acquire', options);
    const { waitMs = 0, signal } = options;
    checkMs('"waitMs"', waitMs);
    checkSignal(signal);
    const { clock, gates, newId } = this.#settings;
    const untilMs = clock.now() + waitMs;
    // Since now, also where it is not let in yet (GATE-1).
    const queue = new WaitQueue(this.#settings, this.name, newId());
    // Who does not wait is in nobody's way.
    if (waitMs === 0) return this.#take(queue, { untilMs, waitMs, signal, isQueued: false });
    const entered = await gates.enter(this.name, untilMs, signal);
    if (entered === 'over') {
      if (isAborted(signal)) throw cancelled();
      throw this.#notGranted(gates.silent(this.name), waitMs);
    }
    try {
      return await this.#take(queue, { untilMs, waitMs, signal, isQueued: entered === 'later' });
    } finally {
      gates.leave(this.name);
    }
  }

  async #take(
    queue: WaitQueue,
    { untilMs, waitMs, signal, isQueued }: Taking,
  ): Promise<QuorumHold> {
    const { clock, clientId, gates, voters } = this.#settings;
    const ask = { resource: this.name, clientId, waiterId: queue.waiterId };
    let isNext = false;
    let refusals = 0;
    let waiters = 0;
    try {
      for (let tries = 0; ; tries++) {
        if (isAborted(signal)) throw cancelled();
        // Others of this program ask already: what they do not get is not to be had.
        if (!isQueued || tries > 0) {
          const tried = await this.#attempt({ ...ask, isNext }, signal);
          if (tried.type === 'held') {
            if (!isAborted(signal)) return new QuorumHold(this.#settings, tried.lease);
            void release(this.#settings, tried.lease, () => false);
            throw cancelled();
          }
          gates.tell(this.name, tried.silent);
          const refusal = refusalOf(this.name, tried.silent, voters.length);
          if (refusal !== undefined) throw refusal;
          if (untilMs - clock.now() <= 0) {
            await tried.givenBack;
            throw this.#notGranted(tried.silent, waitMs, queue.refusedBecause);
          }
          const busy = tried.silent.filter((silence) => silence.isBusy).length;
          const isBusy = busy > voters.length - majorityOf(voters);
          const isRefused = queue.refusedBecause !== undefined || isBusy;
          refusals = isRefused ? refusals + 1 : 0;
          waiters = tried.waiters;
        }
        const leftMs = untilMs - clock.now();
        const pauseMs = pauseAfter(tries, refusals, waiters) * (0.5 + clock.random());
        isNext = await queue.next({ pauseMs, leftMs, signal });
      }
    } finally {
      queue.close();
    }
  }

  #notGranted(silent: readonly Silence[], waitMs: number, full?: string): HoldfastError {
    const { voters } = this.#settings;
    return silent.length > voters.length - majorityOf(voters)
      ? noQuorum(`no lease is granted for "${this.name}"`, silent)
      : busy(this.name, waitMs, full);
  }

  /** Who cancels does not wait for the answers; what they grant all the same is given back. */
  #attempt(ask: Omit<LeaseAsk, 'leaseId' | 'ttlMs'>, signal?: AbortSignal): Promise<Attempt> {
    const trying = attempt(this.#settings, ask);
    if (signal === undefined) return trying;
    return new Promise((resolve, reject) => {
      // Whichever comes first: what the caller has is not given back behind its back.
      let isCancelled = false;
      const onCancelled = (): void => {
        isCancelled = true;
        reject(cancelled());
      };
      if (signal.aborted) onCancelled();
      const ignore = onAbort(signal, onCancelled);
      trying.then((tried) => {
        ignore();
        if (!isCancelled) resolve(tried);
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
const cancelled = (): HoldfastError =>
  new HoldfastError('cancelled', 'The caller cancelled the call.');

/** @param full What so many voters said instead of keeping a place for it that no majority could tell. */
function busy(name: string, waitMs: number, full?: string): HoldfastError {
  const why = full === undefined ? '' : ` Its wait queue is full: ${full}`;
  return waitMs > 0
    ? new HoldfastError('wait_timeout', `The wait for "${name}" timed out.${why}`, {
        resource: name,
      })
    : new HoldfastError('lock_held', `Another client holds "${name}".`, { resource: name });
}

function noQuorum(so: string, silent: readonly Silence[]): HoldfastError {
  return new HoldfastError('no_quorum', `Without a majority ${so}. ${reasonsOf(silent)}.`, {
    silent: silent.length,
  });
}

/** ARGUMENT-1 of arguments.ts, where it is the voters that know. One that is set up wrongly ends no client's wait. */
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
  const some = `${String(refusing.length)} of ${String(voters)} voters reject it`;
  return new HoldfastError(
    code,
    `No lease is granted for "${name}": ${some}. ${reasonsOf(refusing)}.`,
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
  #cancelDoubt: (() => void) | undefined;
  readonly #ignoreWakes: () => void;

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
    this.#ignoreWakes = settings.wakes.listen(() => this.#awake());
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
    if (this.#standsForMs <= 0) this.#end('its lease has expired by the clock of this machine');
    return validForMs(this.#settings, this.#askedAt) > 0;
  }

  #end(why: string): void {
    this.#stop();
    this.lose('lost', why, 'expired');
  }

  #planRenewal(delayMs: number): void {
    this.#cancelRenewal();
    this.#cancelRenewal = this.#settings.clock.after(delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.state !== 'held') return;
    const { ttlMs, clock } = this.#settings;
    const renewal = await renew(this.#settings, this.#granted);
    // What has run out meanwhile comes back no more.
    if (this.state !== 'held') return;
    if (renewal.type === 'renewed') {
      // Another one, sent later, may have been answered already (QUORUM-3).
      if (renewal.askedAt.monotonicMs >= this.#askedAt.monotonicMs) this.#askedAt = renewal.askedAt;
      this.#planEnd();
      this.#planRenewal(ttlMs / 3);
    } else if (renewal.type === 'ended')
      this.#end('a majority reports that its lease is not valid');
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

  /** The machine slept: what is planned comes late. Where the lease may be over, the voters are asked at once. */
  #awake(): void {
    if (this.state !== 'held' || this.#cancelDoubt !== undefined) return;
    this.#planRenewal(0);
    const { clock, ttlMs } = this.#settings;
    if (this.#isValid()) return;
    this.#cancelDoubt = clock.after(Math.min(longestDoubtMs, ttlMs / 10), () => {
      this.#cancelDoubt = undefined;
      if (this.state === 'held' && !this.#isValid())
        this.#end('the machine slept longer than its lease, and no renewal succeeded since');
    });
  }

  #stop(): void {
    this.#cancelDoubt?.();
    this.#ignoreWakes();
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
      `The release of "${this.name}" did not reach a majority: its lease expires within ${String(ttlMs)} ms.`,
    );
  }
}
