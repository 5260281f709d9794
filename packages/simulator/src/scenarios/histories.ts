/**
 * What the clients of a scenario ask of locks and permits and are answered, for the judge of linearizability.
 *
 * SIM-HISTORY-1: whatever a session of an actor is asked is recorded, by whichever way a scenario asks it. What failed with an
 *     unknown outcome may have happened, and a session ends some time from when its client stopped to believe in it.
 */
import type { Hold, Permits, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { Recorder } from '../clients/recorder.ts';
import type { LockRecorder, PoolRecorder } from '../clients/recorder.ts';
import { refused } from '../clients/slots.ts';
import { judge } from '../run/judge.ts';
import type { Machine } from '../world/machine.ts';
import type { World } from '../world/world.ts';

/** One session, and who uses it. */
interface Used {
  readonly machine: Machine;
  readonly session: Session;
  readonly locks: Set<string>;
  readonly pools: Set<string>;
  hasEnded: boolean;
}

export class Histories {
  readonly #world: World;
  readonly #locks: LockRecorder;
  readonly #permits: PoolRecorder;
  readonly #used: Used[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#locks = new Recorder(world);
    this.#permits = new Recorder(world);
  }

  get operations(): number {
    return this.#locks.history.length + this.#permits.history.length;
  }

  /** The same session; from now on what is asked of it is recorded. */
  recorded(machine: Machine, session: Session): Session {
    const used: Used = {
      machine,
      session,
      locks: new Set(),
      pools: new Set(),
      hasEnded: false,
    };
    this.#used.push(used);
    const [lock, permits, end] = [
      session.lock.bind(session),
      session.permits.bind(session),
      session.end.bind(session),
    ];
    // SIM-HISTORY-1
    session.lock = (...asked) => this.#acquire(used, lock, asked);
    session.permits = (...asked) => this.#take(used, permits, asked);
    session.end = async () => {
      const settle = this.#end(used);
      await end();
      settle();
    };
    session.signal.addEventListener('abort', () => {
      if (session.state === 'lost') this.#end(used);
    });
    return session;
  }

  /** The process is gone: its sessions end some time from now. */
  processEnded(machine: Machine): void {
    for (const used of this.#used) if (used.machine === machine) this.#end(used);
  }

  /** Tokens of those who hold a lock, as they were read. */
  async read(client: string, lock: string, ask: () => Promise<number[]>): Promise<number[]> {
    const settle = this.#locks.begin(client, { type: 'read', lock });
    const tokens = await ask();
    settle({ type: 'state', tokens: tokens.toSorted((a, b) => a - b) });
    return tokens;
  }

  /**
   * Returns the keys of histories that could not be decided.
   *
   * @throws BrokenRun
   */
  judge(): readonly string[] {
    return judge({
      locks: this.#locks.history,
      permits: this.#permits.history,
      mayBeDelayed: false,
    });
  }

  async #acquire(
    used: Used,
    ask: Session['lock'],
    [lock, options = {}]: Parameters<Session['lock']>,
  ): Promise<Hold> {
    const { machine, session } = used;
    const { mode = 'exclusive', waitMs = 0 } = options;
    used.locks.add(lock);
    const of = { lock, session: session.id };
    const settle = this.#locks.begin(machine.name, {
      type: 'acquire',
      ...of,
      mode,
      wait: waitMs > 0,
    });
    const hold = await unlessRefused(ask(lock, options), () => settle({ type: 'busy' }));
    const token = hold.fenceToken;
    settle({ type: 'granted', token });
    const [release, downgrade] = [hold.release.bind(hold), hold.downgrade.bind(hold)];
    const isReleased = (): boolean => hold.state === 'released';
    hold.release = async () => {
      if (isReleased()) return release(); // Nothing is asked.
      const settleRelease = this.#locks.begin(machine.name, { type: 'release', ...of, token });
      await release();
      // One that finds the hold gone resolves as well: then it tells nothing.
      if (isReleased()) settleRelease({ type: 'released' });
    };
    hold.downgrade = async () => {
      const settleDowngrade = this.#locks.begin(machine.name, { type: 'downgrade', ...of, token });
      await downgrade();
      settleDowngrade({ type: 'downgraded' });
    };
    return hold;
  }

  async #take(
    used: Used,
    ask: Session['permits'],
    [pool, options = {}]: Parameters<Session['permits']>,
  ): Promise<Permits> {
    const { machine, session } = used;
    const { permits = 1, waitMs = 0 } = options;
    used.pools.add(pool);
    const of = { pool, session: session.id, permits };
    const wait = waitMs > 0;
    const settle = this.#permits.begin(machine.name, { type: 'acquire', ...of, wait });
    const taken = await unlessRefused(ask(pool, options), () => settle({ type: 'busy' }));
    const token = taken.fenceToken;
    settle({ type: 'granted', token });
    const release = taken.release.bind(taken);
    const isReleased = (): boolean => taken.state === 'released';
    taken.release = async () => {
      if (isReleased()) return release();
      const settleRelease = this.#permits.begin(machine.name, { type: 'release', ...of, token });
      await release();
      if (isReleased()) settleRelease({ type: 'released' });
    };
    return taken;
  }

  /** Once for each lock and pool that it was asked for; returns what tells that it has ended. */
  #end(used: Used): () => void {
    if (used.hasEnded) return () => undefined;
    used.hasEnded = true;
    const { machine, session, locks, pools } = used;
    // One that was paused notices late.
    const sinceMs = machine.pausedAtMs ?? this.#world.nowMs;
    const of = { type: 'end', session: session.id } as const;
    const settles = [
      ...[...locks].map((lock) => this.#locks.begin(machine.name, { ...of, lock }, sinceMs)),
      ...[...pools].map((pool) => this.#permits.begin(machine.name, { ...of, pool }, sinceMs)),
    ];
    return () => {
      for (const settle of settles) settle({ type: 'ended' });
    };
  }
}

/** A refusal tells that nothing was granted, for certain. */
async function unlessRefused<T>(asked: Promise<T>, onRefused: () => void): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HoldfastError && refused.has(error.code)) onRefused();
    throw error;
  }
}
