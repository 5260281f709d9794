/** What single nodes say, asked past all proxies. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { QuorumSetAnswer } from '@holdfast/protocol';
import type { NodeProcess } from '../cluster/node-process.ts';
import type { QuorumCluster } from './quorum-cluster.ts';

const askTimeoutMs = 2000;
const askEveryMs = 10;
/** Of votes that are only asked for to see whether they are given. */
const shortTtlMs = 50;

/**
 * How long from now until every node gives its vote and every client is given a lock of its own. Resolves
 * when each of them has held one that all want, too.
 *
 * @throws Error which names all that do not within `boundMs`, and what refused them last.
 */
export async function recoveryMs(
  { nodes, clients }: QuorumCluster,
  boundMs: number,
): Promise<number> {
  const startedMs = performance.now();
  const served = clients.map((client) => client.served(boundMs));
  const failed = await failuresOf([
    ...nodes.map((node) => untilSays(node, 'GRANTED', boundMs)),
    ...served,
  ]);
  if (failed.length > 0) throw new Error(failed.join('\n'));
  const shares = await Promise.all(served);
  const tookMs = performance.now() - startedMs;
  await Promise.all(shares.map((share) => share()));
  return tookMs;
}

/** Of all, so that who reads it sees whether one fails or all of them do. */
async function failuresOf(all: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(all);
  return settled.flatMap((one) =>
    one.status === 'fulfilled'
      ? []
      : [one.reason instanceof Error ? one.reason.message : String(one.reason)],
  );
}

/**
 * Asks one node for votes, each for another resource, until it answers so: with a status, or with the code of an error.
 *
 * @throws Error when it does not within `boundMs`.
 */
export async function untilSays(node: NodeProcess, wanted: string, boundMs: number): Promise<void> {
  const deadlineMs = performance.now() + boundMs;
  let last = '';
  while (performance.now() < deadlineMs) {
    try {
      last = await vote(node);
    } catch (error) {
      last = String(error);
    }
    if (last === wanted) return;
    // What is given must be many: the more it has to write, the sooner its disk is full.
    if (last !== 'GRANTED') await pause(askEveryMs);
  }
  throw new Error(`${node.nodeId} did not say "${wanted}" in time ("${last}"). ${node.logEnd()}`);
}

async function vote({ url, nodeId, ask }: NodeProcess): Promise<string> {
  const signal = AbortSignal.timeout(askTimeoutMs);
  const known = (await (await ask(`${url}/set`, { signal })).json()) as QuorumSetAnswer;
  const { epoch, set } = known;
  const resource = `vote-of-${nodeId}-${randomUUID()}`;
  const lease = { resource, lease_id: randomUUID(), epoch, set };
  const response = await ask(`${url}/acquire`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...lease, client_id: 'chaos', ttl_ms: shortTtlMs }),
    signal,
  });
  const { status, code } = (await response.json()) as {
    readonly status?: unknown;
    readonly code?: unknown;
  };
  return response.ok ? String(status) : String(code);
}
