/** What an operator asks of the cluster over HTTP. */
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeProcess } from './node-process.ts';
import type { AskUrl } from './shown.ts';

const askTimeoutMs = 2000;
const askEveryMs = 20;

type Init = Omit<Parameters<AskUrl>[1], 'signal'>;

function ask(node: NodeProcess, path: string, init: Init = {}): Promise<Response> {
  return node.ask(node.url + path, { ...init, signal: AbortSignal.timeout(askTimeoutMs) });
}

/** The id of the node that leads and is ready to, as it says itself. */
export async function leaderOf(nodes: readonly NodeProcess[]): Promise<string | undefined> {
  const found = await Promise.all(
    nodes
      .filter((node) => node.isAwake)
      .map(async (node) => {
        try {
          const status = (await (await ask(node, '/cluster/status')).json()) as {
            readonly role?: unknown;
            readonly is_ready?: unknown;
            readonly term?: unknown;
          };
          return status.role === 'leader' && status.is_ready === true
            ? { id: node.nodeId, term: Number(status.term) }
            : undefined;
        } catch {
          return undefined;
        }
      }),
  );
  // One that is cut off may believe in itself for a moment: the later term counts.
  return found.filter((one) => one !== undefined).toSorted((a, b) => b.term - a.term)[0]?.id;
}

/**
 * How long from now until every node that should serve does: each takes a lock of its own and gives it
 * back, asked by itself.
 *
 * @throws Error when one does not within `boundMs`.
 */
export async function recoveryMs(nodes: readonly NodeProcess[], boundMs: number): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(nodes.map((node) => untilServed(node, startedMs + boundMs)));
  return performance.now() - startedMs;
}

async function untilServed(node: NodeProcess, deadlineMs: number): Promise<void> {
  const path = `/locks/recovery-${node.nodeId}`;
  const init = (body: object): Init => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  let last = '';
  while (performance.now() < deadlineMs) {
    try {
      const client_id = `recovery-${node.nodeId}`;
      const acquired = await ask(node, `${path}/acquire`, init({ client_id, ttl_seconds: 60 }));
      const { fence_token } = (await acquired.json()) as { readonly fence_token?: number };
      last = `acquire: ${String(acquired.status)}`;
      // 409: held by an attempt of ours whose answer was lost. Taken again by the same client it is entered.
      if (acquired.ok) {
        const released = await ask(node, `${path}/release`, init({ client_id, fence_token }));
        if (released.ok) return;
        last = `release: ${String(released.status)}`;
      }
    } catch (error) {
      last = String(error);
    }
    await pause(askEveryMs);
  }
  throw new Error(`${node.nodeId} did not serve in time (${last}). ${node.logEnd()}`);
}

/** @throws Error when the node has not applied so many entries in time. */
export async function untilApplied(
  node: NodeProcess,
  entries: number,
  withinMs: number,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (performance.now() < deadlineMs) {
    const status = (await (await ask(node, '/cluster/status')).json()) as {
      readonly applied_index?: unknown;
    };
    if (Number(status.applied_index) >= entries) return;
    await pause(askEveryMs);
  }
  throw new Error(`${node.nodeId} has not applied ${String(entries)} entries in time.`);
}

/** @throws Error when it is not done in time. */
export async function changeMembers(
  nodes: readonly NodeProcess[],
  change:
    | { readonly type: 'add'; readonly nodeId: string; readonly address: string }
    | { readonly type: 'remove'; readonly nodeId: string },
  deadlineMs: number,
): Promise<void> {
  let last = '';
  while (performance.now() < deadlineMs) {
    for (const node of nodes.filter((one) => one.isAwake && one.nodeId !== change.nodeId)) {
      try {
        const { nodeId: node_id } = change;
        const body = change.type === 'add' ? { node_id, address: change.address } : { node_id };
        const answer = await ask(node, '/cluster/members', {
          method: change.type === 'add' ? 'POST' : 'DELETE',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        if (answer.ok) return;
        last = `${String(answer.status)} ${await answer.text()}`;
        if (/member_exists|member_not_found/.test(last)) return;
      } catch (error) {
        last = String(error);
      }
    }
    await pause(100);
  }
  throw new Error(`${change.type} ${change.nodeId} was not done in time: ${last}`);
}
