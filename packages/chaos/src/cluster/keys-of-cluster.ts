/** Keys and roles of a real cluster, for who changes them and asks what they permit. */
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { recoveryBoundMs } from '../campaign.ts';
import type { ChaosCluster } from './cluster.ts';
import { KeyChanges } from './key-changes.ts';
import type { KeysOfCluster } from './key-changes.ts';
import type { ClusterSecurity } from './security.ts';

const role = 'turn';
const rule = { role, verb: 'acquire', kind: 'lock', prefix: 'turn/' } as const;
const askTimeoutMs = 2000;
const changeTimeoutMs = 5000;

const keysOf = (
  cluster: ChaosCluster,
  security: ClusterSecurity,
  administrator: Client,
): KeysOfCluster => ({
  nodeIds: () => cluster.nodes.filter(({ isAwake }) => isAwake).map(({ nodeId }) => nodeId),
  async acquire(nodeId, key, lock) {
    try {
      const { url } = cluster.node(nodeId);
      const path = `/locks/${encodeURIComponent(lock)}/acquire`;
      const answer = await security.askAs(key)(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: lock, ttl_seconds: 5 }),
        signal: AbortSignal.timeout(askTimeoutMs),
      });
      return answer.status;
    } catch {
      return 'none';
    }
  },
  administer: {
    grant: async () => void (await administrator.call('auth_grant', rule)),
    revokeRule: async () => void (await administrator.call('auth_revoke', rule)),
    async create(identity) {
      const { key_id, key } = await administrator.call('auth_create_key', {
        identity,
        roles: [role],
      });
      return { id: key_id, key };
    },
    revoke: async (key_id) => void (await administrator.call('auth_revoke_key', { key_id })),
  },
});

/** What came of changes of keys while something else went on; nothing where there are no keys. */
export async function whileKeysChange(
  cluster: ChaosCluster,
  work: () => Promise<void>,
): Promise<Pick<KeyChanges, 'failures'> & { readonly notes: readonly string[] }> {
  const { security } = cluster;
  if (security === undefined) {
    await work();
    return { failures: [], notes: [] };
  }
  await using administrator = await connect({
    endpoints: cluster.urls,
    timeoutMs: changeTimeoutMs,
    ...security.administrator,
  });
  const changes = new KeyChanges(keysOf(cluster, security, administrator));
  const over = new AbortController();
  const changing = changes.run(over.signal);
  try {
    await work();
  } finally {
    over.abort();
    await changing;
  }
  await changes.judge(recoveryBoundMs);
  return { failures: changes.failures, notes: [changes.note] };
}
