/** What is asked of the leader: how long it is waited for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId, Status } from '@holdfast/raft';
import { latestFeatureLevel } from '@holdfast/state';
import type { SessionId } from '@holdfast/state';
import type { FillRequest } from '../../src/cache/statistics.ts';
import type { Call } from '../../src/calls.ts';
import { LeaderCalls } from '../../src/leader-calls.ts';
import type { LeaderCallsParts } from '../../src/leader-calls.ts';
import { LeaderRoute } from '../../src/leader-route.ts';
import { PeerRequests } from '../../src/peer-requests.ts';
import type { PeerRequestsParts } from '../../src/peer-requests.ts';
import { CallFailed } from '../../src/transport/types.ts';
import type { Transport } from '../../src/transport/types.ts';
import { StillClock } from './still-clock.ts';

const caller = { identity: 'test' };
const follows = (leader: string): Status =>
  ({ role: 'follower', leader, ready: true }) as unknown as Status;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class World {
  readonly clock = new StillClock();
  readonly asked: Call[] = [];
  /** When the leader answers a wait for a turn: it takes all of the wait, and so long beside it. */
  answerMs = 100;
  readonly #lost: ((error: Error) => void)[] = [];
  readonly route: LeaderRoute;
  readonly calls: LeaderCalls;

  constructor() {
    const transport = {
      call: (_leader: string, call: Call, _signal: unknown, timeoutMs: number) => {
        this.asked.push(call);
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        this.#lost.push(reject);
        const waitMs = call.type === 'cache_fill' ? call.waitMs : 0;
        const answer = { type: 'ok', value: { revision: 7 } };
        this.clock.after(waitMs + this.answerMs, () => resolve(answer));
        this.clock.after(timeoutMs, () => reject(new CallFailed(true, 'no answer in time')));
        return promise;
      },
      interruptCalls: () => undefined,
    } as unknown as Transport;
    this.route = new LeaderRoute(this.clock, transport, follows('n1'));
    const parts = { clock: this.clock, route: this.route } as unknown as LeaderCallsParts;
    this.calls = new LeaderCalls(parts);
  }

  /** The leader ends, and another one is followed. */
  lose(): void {
    for (const reject of this.#lost.splice(0)) reject(new CallFailed(true, 'the peer has gone'));
    this.route.update(follows('n2'));
  }

  async pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) {
      this.clock.pass(50);
      await settled();
    }
  }
}

describe('A wait for the turn to load a value, asked of a follower', () => {
  const asked = { token: undefined, waitMs: 5000, fillMs: 10_000 };
  const unanswered = 'nothing yet';

  it('is answered when the wait at the leader came to nothing (LEADER-CALL-1)', async () => {
    const world = new World();
    let answer: unknown = unanswered;
    world.calls.fillCache('k', asked, caller).then(
      (told) => (answer = told),
      (error: unknown) => (answer = error),
    );
    await world.pass(5000);
    assert.equal(answer, unanswered);
    await world.pass(200);
    assert.deepEqual(answer, { revision: 7 });
  });

  it('goes on with the next leader for what is left of it (LEADER-CALL-1)', async () => {
    const world = new World();
    const answer = world.calls.fillCache('k', asked, caller);
    await world.pass(3000);
    world.lose();
    await world.pass(2200);
    assert.equal((await answer).revision, 7);
    const waits = world.asked.map((call) => (call.type === 'cache_fill' ? call.waitMs : -1));
    assert.equal(waits.length, 2);
    assert.equal(waits[0], 5000);
    assert.ok((waits[1] ?? 0) <= 2000 && (waits[1] ?? 0) > 1800, String(waits[1]));
  });

  it('ends in the time that a call has beside its wait', async () => {
    const world = new World();
    world.answerMs = 60_000;
    const call = world.calls.fillCache('k', asked, { ...caller, timeoutMs: 1000 });
    const failed = assert.rejects(call, { code: 'outcome_unknown' });
    await world.pass(6100);
    await failed;
  });
});

describe('What a leader is asked that cannot have its state applied', () => {
  const silence = (): Promise<never> => new Promise(() => undefined);

  it('is told so in its time, and which of it may be done (LEADER-CALL-2)', async () => {
    const clock = new StillClock();
    const status = { role: 'leader', leader: 'n1', ready: true } as unknown as Status;
    const calls = new LeaderCalls({
      clock,
      route: new LeaderRoute(clock, {} as Transport, status),
      leadership: { query: silence, keepAlive: silence, prove: silence },
      coherence: { readHere: silence, fillHere: silence },
      payloads: { answer: silence },
      level: () => 2,
    } as unknown as LeaderCallsParts);
    const options = { ...caller, timeoutMs: 1000 };
    const codes: (string | undefined)[] = [];
    const asked = [
      calls.query({ type: 'cluster' } as never, options),
      calls.readCache('k', 'memory', options),
      calls.administer({ type: 'remove_member', id: 'n2', identity: 'ann' }, 1000),
      calls.keepAlive('session' as SessionId, options),
      calls.fillCache('k', { token: undefined, waitMs: 0, fillMs: 1000 }, options),
    ];
    for (const [at, one] of asked.entries())
      one.catch((error: unknown) => {
        codes[at] = error instanceof HoldfastError ? error.code : String(error);
      });
    clock.pass(999);
    await settled();
    assert.deepEqual(codes, []);
    clock.pass(501);
    await settled();
    const [read, done] = ['overloaded', 'outcome_unknown'];
    assert.deepEqual(codes, [read, read, read, done, done]);
  });

  it('gives back the turn to load a value that it is given too late (FILL-5)', async () => {
    const clock = new StillClock();
    const status = { role: 'leader', leader: 'n1', ready: true } as unknown as Status;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const ended: (readonly [string, string])[] = [];
    const calls = new LeaderCalls({
      clock,
      route: new LeaderRoute(clock, {} as Transport, status),
      leadership: { assertAdmitted: () => undefined },
      coherence: {
        fillHere: () => promise,
        endFillHere: (key: string, token: string) => void ended.push([key, token]),
      },
    } as unknown as LeaderCallsParts);
    const asked = { token: undefined, waitMs: 0, fillMs: 1000 };
    const call = calls.fillCache('k', asked, { ...caller, timeoutMs: 1000 });
    const failed = assert.rejects(call, { code: 'outcome_unknown', message: /The turn to load/ });
    clock.pass(1500);
    await failed;
    resolve({ view: undefined, revision: 7, token: '3-1' });
    await settled();
    assert.deepEqual(ended, [['k', '3-1']]);
  });
});

describe('The turn to load a value that is given when the rights of who asked have changed', () => {
  const given = { view: undefined, revision: 7, token: '3-1' };
  const asked = { key: 'k', token: undefined, waitMs: 0, fillMs: 1000 };

  /** The leader, whose state says that rights have changed since they were looked at. */
  function leaderOf() {
    const clock = new StillClock();
    const status = { role: 'leader', leader: 'n1', ready: true } as unknown as Status;
    const ended: (readonly [string, string])[] = [];
    const parts = {
      clock,
      supportedLevel: () => latestFeatureLevel,
      route: new LeaderRoute(clock, {} as Transport, status),
      leadership: {
        assertAdmitted: () => {
          throw new HoldfastError('access_changed', 'The rights have changed.');
        },
      },
      coherence: {
        fillHere: (_key: string, { token }: FillRequest) =>
          Promise.resolve({ ...given, token: token ?? given.token }),
        endFillHere: (key: string, token: string) => void ended.push([key, token]),
      },
    };
    const calls = new LeaderCalls(parts as unknown as LeaderCallsParts);
    const requests = new PeerRequests(parts as unknown as PeerRequestsParts);
    return { ended, calls, requests };
  }

  it('is given back before it is asked for again, so that nobody waits for it (FILL-5)', async () => {
    const { ended, calls } = leaderOf();
    await assert.rejects(calls.fillCache('k', asked, caller), { code: 'access_changed' });
    assert.deepEqual(ended, [['k', '3-1']]);
  });

  it('is given back where a follower has passed it on (FILL-5)', async () => {
    const { ended, requests } = leaderOf();
    const call = { type: 'cache_fill', ...asked, ...caller, timeoutMs: 1000 };
    const { signal } = new AbortController();
    const answer = await requests.answer('n2' as MemberId, call, signal);
    assert.equal(answer.type === 'error' && answer.code, 'access_changed');
    assert.deepEqual(ended, [['k', '3-1']]);
  });

  it('is kept by who had it before, and asked for more time: that is asked for again', async () => {
    const { ended, calls } = leaderOf();
    const longer = { ...asked, token: '3-1' };
    await assert.rejects(calls.fillCache('k', longer, caller), { code: 'access_changed' });
    assert.deepEqual(ended, []);
  });
});
