import type { LockStatusAnswer } from '@holdfast/protocol';
import type { AcquireOptions } from './acquiring.ts';
import type { Hold, Session } from './session.ts';

/**
 * A lock by its name. Nobody else holds it while one session does; the same session may enter it again.
 *
 * @example
 * const lock = new Lock(session, 'reports/daily');
 * await using hold = await lock.acquire({ waitMs: 5000 });
 */
export class Lock {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the lock. */
  readonly name: string;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  /** @throws HoldfastError `lock_held`, `lock_delayed`, `wait_timeout`, `deadlock`, `cancelled`, `hold_lost`, ... */
  acquire(options: AcquireOptions = {}): Promise<Hold> {
    return this.session.lock(this.name, options);
  }

  /** Null when somebody else holds it. */
  tryAcquire(options: Omit<AcquireOptions, 'waitMs'> = {}): Promise<Hold | null> {
    return this.session.tryLock(this.name, options);
  }

  /** Who holds it and who waits, in order. */
  status(): Promise<LockStatusAnswer> {
    return this.session.request('lock_status', { name: this.name });
  }
}

/**
 * Many readers or one writer, first come, first served: readers that come behind a waiting writer wait.
 *
 * @example
 * const index = new ReadWriteLock(session, 'index');
 * await using reading = await index.read({ waitMs: 1000 });
 * // To write after reading: `upgrade` waits until the other readers have gone.
 * await using writing = await index.upgrade({ waitMs: 1000 });
 */
export class ReadWriteLock {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the lock. */
  readonly name: string;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  /** With others who read. Throws as `Lock.acquire`. */
  read(options: AcquireOptions = {}): Promise<Hold> {
    return this.session.lock(this.name, { ...options, mode: 'shared' });
  }

  /** Alone. Throws as `Lock.acquire`. */
  write(options: AcquireOptions = {}): Promise<Hold> {
    return this.session.lock(this.name, { ...options, mode: 'exclusive' });
  }

  /**
   * From reading to writing, with a new token, before all who wait. The hold that reads stays: release
   * both. Of two readers who want this one is refused with `deadlock`, and has to stop reading first.
   * `Hold.downgrade` undoes it.
   */
  upgrade(options: AcquireOptions = {}): Promise<Hold> {
    return this.write(options);
  }

  /** Who holds it and who waits, in order. */
  status(): Promise<LockStatusAnswer> {
    return this.session.request('lock_status', { name: this.name });
  }
}
