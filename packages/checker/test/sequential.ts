/** A lock and a pool of which one thing is done at a time: written apart from the models that they test. */
import type { LockAnswer, LockCall, LockMode, PoolAnswer, PoolCall } from '../src/index.ts';

export class SequentialLock {
  readonly #holds = new Map<string, { mode: LockMode; tokens: number[]; count: number }>();
  readonly #ended = new Set<string>();
  #lastToken = 0;

  /** Undefined: the call makes no sense now (an acquire after the end of its session). */
  do(call: LockCall): LockAnswer | undefined {
    const own = call.type === 'read' ? undefined : this.#holds.get(call.session);
    switch (call.type) {
      case 'acquire': {
        if (this.#ended.has(call.session)) return undefined;
        const isEntering =
          own !== undefined && (own.mode === 'exclusive' || call.mode === 'shared');
        if (isEntering) {
          own.count += 1;
          return { type: 'granted', token: own.tokens.at(-1) ?? 0 };
        }
        const others = [...this.#holds].filter(([session]) => session !== call.session);
        const isFree = others.every(([, { mode }]) => mode === 'shared' && call.mode === 'shared');
        if (!isFree) return { type: 'busy' };
        const token = (this.#lastToken += 2);
        this.#holds.set(call.session, {
          mode: call.mode,
          tokens: [...(own?.tokens ?? []), token],
          count: (own?.count ?? 0) + 1,
        });
        return { type: 'granted', token };
      }
      case 'release':
        if (own?.tokens.includes(call.token) !== true) return { type: 'not_holder' };
        own.count -= 1;
        if (own.count === 0) this.#holds.delete(call.session);
        return { type: 'released' };
      case 'downgrade':
        if (own?.tokens.at(-1) !== call.token) return { type: 'not_holder' };
        own.mode = 'shared';
        return { type: 'downgraded' };
      case 'end':
        this.#holds.delete(call.session);
        this.#ended.add(call.session);
        return { type: 'ended' };
      case 'read': {
        const tokens = [...this.#holds.values()].map(({ tokens: all }) => all.at(-1) ?? 0);
        return { type: 'state', tokens: tokens.sort((a, b) => a - b) };
      }
    }
  }
}

export class SequentialPool {
  readonly #holds = new Map<number, { session: string; permits: number }>();
  readonly #ended = new Set<string>();
  readonly #limit: number;
  #lastToken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  do(call: PoolCall): PoolAnswer | undefined {
    switch (call.type) {
      case 'acquire': {
        if (this.#ended.has(call.session)) return undefined;
        if (call.permits > this.#free()) return { type: 'busy' };
        const token = (this.#lastToken += 2);
        this.#holds.set(token, call);
        return { type: 'granted', token };
      }
      case 'release': {
        const found = [...this.#holds].find(
          ([token, { session, permits }]) =>
            session === call.session &&
            permits === call.permits &&
            (call.token === undefined || call.token === token),
        );
        if (found === undefined) return { type: 'not_holder' };
        this.#holds.delete(found[0]);
        return { type: 'released' };
      }
      case 'end':
        for (const [token, { session }] of this.#holds)
          if (session === call.session) this.#holds.delete(token);
        this.#ended.add(call.session);
        return { type: 'ended' };
      case 'read':
        return { type: 'free', permits: this.#free() };
    }
  }

  #free(): number {
    let free = this.#limit;
    for (const { permits } of this.#holds.values()) free -= permits;
    return free;
  }
}
