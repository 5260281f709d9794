import type { LeaseAsk, LeaseRef, Vote, Voter, WaitAsk } from '../../../src/voter.ts';
import type { HandClock } from './hand-clock.ts';

export type Operation = 'acquire' | 'confirm' | 'renew' | 'release' | 'wait';
/**
 * `late`: the question arrives when the test says so. `deaf`: it is done, and the answer is lost.
 * `throws`: before there is a promise.
 */
export type Mood = 'answers' | 'refuses' | 'fails' | 'throws' | 'hangs' | 'late' | 'deaf';

/** A voter in memory, as simple as voter.ts allows. */
export class MemoryVoter implements Voter {
  readonly name: string;
  readonly asked: Operation[] = [];
  readonly moods: Partial<Record<Operation, Mood>> = {};
  mood: Mood = 'answers';
  maxToken = 0;
  lease: { id: string; clientId: string; endsAtMs: number } | undefined;
  onGrant: () => void = () => undefined;
  /** Of the acquires that were asked of it. */
  readonly toldToPass: boolean[] = [];
  wait?: NonNullable<Voter['wait']>;
  readonly #clock: HandClock;
  readonly #released = new Set<string>();
  readonly #waiters = new Map<string, () => void>();
  #late: (() => void)[] = [];

  constructor(name: string, clock: HandClock, { tells = true } = {}) {
    this.name = name;
    this.#clock = clock;
    if (tells) this.wait = (...ask) => this.#wait(...ask);
  }

  get waiters(): number {
    return this.#waiters.size;
  }

  count(operation: Operation): number {
    return this.asked.filter((other) => other === operation).length;
  }

  /** What was under way arrives. */
  arrive(): void {
    for (const deliver of this.#late.splice(0)) deliver();
  }

  tellAll(): void {
    for (const tell of this.#waiters.values()) tell();
  }

  acquire({ leaseId, clientId, ttlMs, isNext }: LeaseAsk): Promise<Vote> {
    this.toldToPass.push(isNext);
    const denied = (): Vote => ({ type: 'denied', remainingMs: 100 });
    return this.#ask('acquire', denied, () => {
      if (this.#stands() || this.#released.has(leaseId)) return denied();
      this.maxToken += 1;
      this.lease = { id: leaseId, clientId, endsAtMs: this.#clock.nowMs + ttlMs };
      this.onGrant();
      return { type: 'granted', token: this.maxToken };
    });
  }

  confirm({ leaseId }: LeaseRef, token: number): Promise<boolean> {
    return this.#ask(
      'confirm',
      () => false,
      () => {
        if (!this.#stands(leaseId)) return false;
        this.maxToken = Math.max(this.maxToken, token);
        return true;
      },
    );
  }

  renew({ leaseId }: LeaseRef, ttlMs: number): Promise<boolean> {
    return this.#ask(
      'renew',
      () => false,
      () => {
        if (this.lease === undefined || !this.#stands(leaseId)) return false;
        this.lease.endsAtMs = this.#clock.nowMs + ttlMs;
        return true;
      },
    );
  }

  release({ leaseId }: LeaseRef): Promise<void> {
    const release = (): void => {
      this.#released.add(leaseId);
      if (this.lease?.id !== leaseId) return;
      this.lease = undefined;
      const [first] = this.#waiters.values();
      first?.();
    };
    return this.#ask('release', release, release);
  }

  #wait({ waiterId: id }: WaitAsk, signal: AbortSignal): Promise<boolean> {
    const wait = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        if (!this.#stands()) {
          resolve(true);
          return;
        }
        const leave = (): void => void this.#waiters.delete(id);
        this.#waiters.set(id, () => {
          leave();
          resolve(true);
        });
        signal.addEventListener('abort', () => {
          leave();
          reject(signal.reason as Error);
        });
      });
    return this.#ask<boolean>('wait', wait, wait);
  }

  #stands(leaseId?: string): boolean {
    const { lease } = this;
    if (lease === undefined || lease.endsAtMs <= this.#clock.nowMs) return false;
    return leaseId === undefined || lease.id === leaseId;
  }

  #ask<T>(
    operation: Operation,
    refuse: () => T | Promise<T>,
    act: () => T | Promise<T>,
  ): Promise<T> {
    this.asked.push(operation);
    const mood = this.moods[operation] ?? this.mood;
    if (mood === 'throws') throw new Error(`${this.name} throws.`);
    return new Promise((resolve, reject) => {
      if (mood === 'answers') resolve(act());
      if (mood === 'refuses') resolve(refuse());
      if (mood === 'fails') reject(new Error(`${this.name} fails.`));
      if (mood === 'late') this.#late.push(() => resolve(act()));
      if (mood === 'deaf') void act();
    });
  }
}
