import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyChanges } from '../../src/cluster/key-changes.ts';
import type { HttpOutcome, KeysOfCluster } from '../../src/cluster/key-changes.ts';

interface Faults {
  /** This node goes on by the keys that it knew. */
  readonly forgetsRevocation?: string;
  /** And this one by the rules. */
  readonly keepsRules?: string;
  readonly silent?: string;
  readonly revokeFails?: boolean;
}

/** Nodes that decide by one set of keys and one rule, but for a fault. */
function cluster({ forgetsRevocation, keepsRules, silent, revokeFails }: Faults): KeysOfCluster {
  const keys = new Set<string>();
  const ever = new Set<string>();
  let isGranted = false;
  return {
    nodeIds: () => ['node-1', 'node-2'],
    acquire: (nodeId, key) => {
      if (nodeId === silent) return Promise.resolve<HttpOutcome>('none');
      const holds = (nodeId === forgetsRevocation ? ever : keys).has(key);
      if (!holds) return Promise.resolve(401);
      return Promise.resolve(isGranted || nodeId === keepsRules ? 200 : 403);
    },
    administer: {
      grant: () => Promise.resolve(void (isGranted = true)),
      revokeRule: () => Promise.resolve(void (isGranted = false)),
      create: (identity) => {
        keys.add(identity);
        ever.add(identity);
        return Promise.resolve({ id: identity, key: identity });
      },
      revoke: (id) => {
        if (revokeFails === true) return Promise.reject(new Error('It is not known.'));
        keys.delete(id);
        return Promise.resolve();
      },
    },
  };
}

async function failuresOf(faults: Faults): Promise<readonly string[]> {
  const changes = new KeyChanges(cluster(faults));
  for (let round = 0; round < 4; round++) await changes.round();
  await changes.judge(100);
  return changes.failures;
}

describe('Keys that change while the cluster is in trouble', () => {
  it('are refused by all when they are revoked, and that is found', async () => {
    assert.deepEqual(await failuresOf({}), []);
  });

  it('are not judged where nothing is known of their end', async () => {
    const failures = await failuresOf({ revokeFails: true });
    assert.deepEqual(failures, ['No key was made, granted a lock and revoked: nothing was tried.']);
  });

  it('fail where a node grants by a key after its revocation was acknowledged (KEYS-1)', async () => {
    const failures = await failuresOf({ forgetsRevocation: 'node-2' });
    assert.match(failures[0] ?? '', /^node-2 granted a lock to turn-1, whose key is revoked,/);
    assert.match(failures.at(-1) ?? '', /^node-2 does not refuse the revoked key turn-4: 200/);
  });

  it('fail where a node grants by a rule after it was revoked (KEYS-1)', async () => {
    const failures = await failuresOf({ keepsRules: 'node-1' });
    assert.match(failures[0] ?? '', /^node-1 granted a lock to turn-1, whose role has no rule/);
  });

  it('fail where a node says nothing of them when all serve (KEYS-2)', async () => {
    const failures = await failuresOf({ silent: 'node-2' });
    assert.match(failures[0] ?? '', /^node-2 does not refuse the revoked key turn-1: none/);
  });
});
