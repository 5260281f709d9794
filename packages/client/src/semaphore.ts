import { HoldfastError } from '@holdfast/protocol';
import type { SemaphoreAnswer } from '@holdfast/protocol';
import type { AcquireOptions } from './acquiring.ts';
import type { Permits, Session } from './session.ts';

/** How a semaphore comes to be. */
export interface SemaphoreOptions {
  /**
   * How many permits there are. The first who acquires with it makes the semaphore; where there is one, it
   * has to be its limit. Left out: the semaphore has to be there.
   */
  readonly limit?: number;
}

/** What an acquire of permits may ask for. */
export interface TakeOptions extends AcquireOptions {
  /** How many permits; default 1. All of them or none. */
  readonly permits?: number;
}

/**
 * A number of permits that sessions share.
 *
 * @example
 * const exports = new Semaphore(session, 'exports', { limit: 10 });
 * await using permits = await exports.acquire({ permits: 2, waitMs: 5000 });
 */
export class Semaphore {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the semaphore. */
  readonly name: string;
  readonly #limit: { readonly limit?: number };

  constructor(session: Session, name: string, { limit }: SemaphoreOptions = {}) {
    this.session = session;
    this.name = name;
    this.#limit = limit === undefined ? {} : { limit };
  }

  /** @throws HoldfastError `no_permits`, `limit_mismatch`, `semaphore_not_found`, `wait_timeout`, ... */
  acquire(options: TakeOptions = {}): Promise<Permits> {
    return this.session.permits(this.name, { ...options, ...this.#limit });
  }

  /** Null when there are not so many free. */
  async tryAcquire(options: Omit<TakeOptions, 'waitMs'> = {}): Promise<Permits | null> {
    try {
      return await this.acquire(options);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'no_permits') return null;
      throw error;
    }
  }

  /** Makes it, to stay also when nobody uses it. Repeating it changes nothing. */
  create(limit: number): Promise<SemaphoreAnswer> {
    return this.session.request('create_semaphore', { name: this.name, limit });
  }

  /** Changes its limit: holders keep what they have. */
  resize(limit: number): Promise<SemaphoreAnswer> {
    return this.session.request('resize_semaphore', { name: this.name, limit });
  }

  /** @throws HoldfastError `semaphore_in_use`, `semaphore_not_found`. */
  async delete(): Promise<void> {
    await this.session.request('delete_semaphore', { name: this.name });
  }

  /** Who has permits and who waits, in order. `limit` and `free` are null where there is no such semaphore. */
  status(): Promise<SemaphoreAnswer> {
    return this.session.request('semaphore_status', { name: this.name });
  }
}
