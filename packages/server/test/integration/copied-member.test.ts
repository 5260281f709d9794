/** A copy of a running member's folder, started beside the member: real processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startLocalCluster } from '../../src/local-cluster.ts';
import type { LocalCluster } from '../../src/local-cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-copied-'));
after(() => rmSync(root, { recursive: true, force: true }));
const ports = [24_300, 24_301, 24_302];
const peerPortOf = (port: number): number => port + 2000;
const entry = fileURLToPath(new URL('../../src/node-entry.ts', import.meta.url));

/** Runs a node on this folder until it ends. */
function runCopy(
  folder: string,
): Promise<{ readonly status: number | null; readonly log: string }> {
  const address = (at: number): string => `127.0.0.1:${String(peerPortOf(ports[at] ?? 0))}`;
  const child = spawn(process.execPath, ['--conditions=source', entry], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      HOLDFAST_CLUSTER_CLUSTER_ID: readFileSync(join(root, 'cluster-id'), 'utf8').trim(),
      HOLDFAST_CLUSTER_NODE_ID: 'node-2',
      HOLDFAST_CLUSTER_LISTEN: '127.0.0.1:26390',
      HOLDFAST_CLUSTER_PEERS: `node-1=${address(0)},node-3=${address(2)}`,
      HOLDFAST_HTTP_PORT: '24390',
      HOLDFAST_GRPC_ENABLED: 'false',
      HOLDFAST_STORAGE_FOLDER: folder,
    },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, log }));
  });
}

interface Status {
  readonly is_ready: boolean;
  readonly members: readonly { readonly node_id: string; readonly connected: boolean }[];
}

/** Resolves when every node sees all others, and a leader. */
async function whole(cluster: LocalCluster): Promise<void> {
  const isWhole = async (): Promise<boolean> => {
    const all = await Promise.all(
      cluster.nodes.map(async ({ url, nodeId }) => {
        const status = await fetch(`${url}/cluster/status`)
          .then((answer) => answer.json() as Promise<Status>)
          .catch(() => undefined);
        const others = status?.members.filter(({ node_id }) => node_id !== nodeId);
        return status?.is_ready === true && others?.every(({ connected }) => connected) === true;
      }),
    );
    return all.every(Boolean);
  };
  await untilSo(isWhole, { what: 'the cluster is whole', longestMs: 30_000, pauseMs: 20 });
}

describe('A copy of a running member', () => {
  it(
    'is refused and stops; both logs name the other, and the member goes on and restarts',
    { timeout: 120_000 },
    async () => {
      const cluster = await startLocalCluster({ ports, folder: root });
      try {
        await whole(cluster);
        const copy = join(root, 'copy');
        // Given a copy that was made while the member ran
        cpSync(join(root, 'node-2', 'data'), copy, { recursive: true });
        // When it is started beside the member, on other ports
        const { status, log } = await runCopy(copy);
        // Then
        assert.equal(status, 70, log);
        assert.match(
          log,
          /Another process of node \\?"node-2\\?" .* answers at 127\.0\.0\.1:26301/,
        );
        const logOf = (nodeId: string): string =>
          readFileSync(join(root, nodeId, 'node.log'), 'utf8');
        assert.match(
          logOf('node-2'),
          /Another process of this node .*copy of its folder.*from 127\.0\.0\.1:26390/,
        );
        assert.match(logOf('node-1') + logOf('node-3'), /Refused a peer: Another process of node/);
        assert.doesNotMatch(log, /This node leads/);
        await whole(cluster);
        // A restart of the member itself is not taken for a copy, however it ended.
        for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
          await cluster.kill('node-2', signal);
          await cluster.restart('node-2');
          await whole(cluster);
        }
      } finally {
        await cluster.close();
      }
    },
  );
});
