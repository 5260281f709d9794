import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import { operationsOf } from '../../src/http/operations.ts';
import { LeaseHost } from '../../src/node/host.ts';
import { LeaseNode } from '../../src/node/lease-node.ts';
import { Membership } from '../../src/node/membership.ts';
import { HandClock } from './support/hand-clock.ts';
import { MemoryFile } from './support/memory-file.ts';

const ownSet = { epoch: 3, members: ['n1', 'n2', 'n3'] };
const lease = { resource: 'r', epoch: 3, set: setIdOf(ownSet), lease_id: 'l' };
const { lease_id: _id, ...ofSet } = lease;
const bodies = {
  acquire: { ...lease, client_id: 'c', ttl_ms: 100 },
  wait: { ...ofSet, waiter_id: 'w', timeout_ms: 100 },
  renew: { ...lease, ttl_ms: 100 },
  confirm: { ...lease, token: 1 },
  release: lease,
} as const;

describe('What a lease node is asked for', () => {
  it('is done at once for who holds, and after all that for who wants (ACQUIRE-QUEUE-1)', async (context) => {
    const clock = new HandClock();
    const file = new MemoryFile();
    const host = new LeaseHost({
      store: file,
      clock,
      membership: new Membership('n1', { set: ownSet, after: '', next: undefined }),
      onMember: () => assert.fail('It is a member of one set.'),
      longestTtlMs: 1000,
      recovery: undefined,
      fresh: false,
      fileId: 77,
      bootstrapSet: [],
      onSaveFailed: (error) => assert.fail(error.message),
      node: new LeaseNode({ maxRows: 10, maxTombstones: 10 }, file.restored(), clock.now()),
    });
    const done: string[] = [];
    for (const name of ['acquire', 'wait', 'renew', 'confirm', 'release'] as const)
      context.mock.method(host, name, () => {
        done.push(name);
        return Promise.resolve({ status: 'TIMEOUT' });
      });
    const operations = operationsOf(host);
    const stays = new AbortController().signal;
    const ask = async (name: string, body: object): Promise<void> => {
      await operations.get(name)?.(body, stays);
    };
    const asked = Object.entries(bodies).map(([name, body]) => ask(name, body));
    assert.deepEqual(done, ['renew', 'confirm', 'release']);
    await Promise.all(asked);
    assert.deepEqual(done, ['renew', 'confirm', 'release', 'acquire', 'wait']);
  });
});
