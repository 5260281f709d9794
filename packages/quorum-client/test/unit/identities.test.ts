import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HoldfastError } from '@holdfast/protocol';
import { Identities } from '../../src/identities.ts';
import { NodeVoter } from '../../src/node-voter.ts';
import { Quorum } from '../../src/quorum.ts';
import { atOnce, HandClock } from './support/hand-clock.ts';
import { isCode } from './support/voters.ts';

const names = ['http://a:1', 'http://b:1', 'http://c:1'];

describe('Lease nodes behind their names', () => {
  /** Grants whatever it is asked for, from the file that is behind the name by now. */
  function votersWith(files: Map<string, number>): NodeVoter[] {
    const identities = new Identities();
    return names.map((name) => {
      const ask = (operation: string): Promise<Record<string, unknown>> => {
        const file_id = files.get(name) ?? 0;
        if (operation === 'acquire')
          return Promise.resolve({ status: 'GRANTED', token: 1, file_id });
        return Promise.resolve({ status: operation === 'release' ? 'RELEASED' : 'DONE', file_id });
      };
      const transport = { ask, close: () => undefined };
      return new NodeVoter(name, { transport, epoch: 1, set: 'set', identities });
    });
  }
  const acquire = (voter: NodeVoter) =>
    voter.acquire(
      { resource: 'a', leaseId: 'l', clientId: 'c', ttlMs: 1000, waiterId: 'w', isNext: false },
      new AbortController().signal,
    );

  it('have one vote each, by however many names (ONCE-1)', async () => {
    const [one, other] = votersWith(new Map(names.map((name) => [name, 7])));
    assert.ok(one !== undefined && other !== undefined);
    for (let times = 0; times < 3; times++) {
      assert.equal((await acquire(one)).type, 'granted');
      await assert.rejects(acquire(other), isCode('invalid_request'));
    }
  });

  it('that swapped their files vote again for clients that knew them before (ONCE-2)', async () => {
    const files = new Map(names.map((name, index) => [name, index + 1]));
    const voters = votersWith(files);
    for (const voter of voters) assert.equal((await acquire(voter)).type, 'granted');
    const [one = '', other = ''] = names;
    files.set(one, 2);
    files.set(other, 1);
    for (let times = 0; times < 2; times++)
      for (const voter of voters) await acquire(voter).catch(() => 0);
    const said = voters.map((voter) =>
      acquire(voter).then(
        ({ type }) => type,
        ({ code }: HoldfastError) => code,
      ),
    );
    assert.deepEqual(await Promise.all(said), ['granted', 'granted', 'granted']);
  });

  it('of which two turn out to be one within an attempt count as one (QUORUM-1)', async () => {
    const clock = new HandClock();
    const grants = names.map((name, index) => ({
      name,
      acquire: () =>
        Promise.resolve({ type: 'granted', token: 1, file: index === 2 ? 3 : 1 } as const),
      confirm: () => Promise.resolve(true),
      renew: () => Promise.resolve(true),
      release: () => Promise.resolve(),
    }));
    const [first, second, third] = grants;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const silent = { ...third, acquire: () => Promise.reject(new Error('no')) };
    const environment = { clock, newId: () => 'l' };
    const of = (voters: typeof grants) => new Quorum({ voters, ttlMs: 1000 }, environment);
    await assert.rejects(
      atOnce(
        of([first, second, silent as never])
          .lock('a')
          .acquire(),
      ),
    );
    assert.ok((await atOnce(of([first, second, third]).lock('a').acquire())).isHeld());
  });
});
