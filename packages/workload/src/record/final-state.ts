/** Asks the cluster, after all workers have come to rest, for what the check compares the records with. */
import { HoldfastError } from '@holdfast/protocol';
import type { Client } from '@holdfast/client';
import type { FinalState } from './check.ts';
import type { JournalEntry } from './journal.ts';
import { readClusterStatus, readStats } from '../http-answer.ts';
import { waitUntil } from '../wait-until.ts';

/** @param urls of all nodes: each must come to the same counter by itself. */
export async function readFinalState(
  client: Client,
  urls: readonly string[],
  entries: readonly JournalEntry[],
  fenceCounterBefore: number,
): Promise<FinalState> {
  const firstUrl = urls[0];
  if (firstUrl === undefined) throw new Error('A cluster without nodes has no state.');
  const sessionIds = new Set<string>();
  const resources = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'session_opened') sessionIds.add(entry.sessionId);
    if (entry.type === 'granted') resources.add(entry.resource);
  }
  const standingSessions = new Set<string>();
  for (const sessionId of sessionIds) {
    if (await sessionStands(client, sessionId)) standingSessions.add(sessionId);
  }
  const standingHolds: FinalState['standingHolds'][number][] = [];
  for (const resource of resources) {
    const status = await client.call('lock_status', { name: resource });
    for (const holder of status.holders) {
      const { session_id: sessionId, fence_token: fenceToken } = holder;
      standingHolds.push({ resource, sessionId, fenceToken });
    }
  }
  const { fence_counter: fenceCounterAfter } = await readStats(firstUrl);
  await assertAgreement(urls, fenceCounterAfter);
  return { fenceCounterBefore, fenceCounterAfter, standingSessions, standingHolds };
}

async function sessionStands(client: Client, sessionId: string): Promise<boolean> {
  try {
    await client.call('get_session', { session_id: sessionId });
    return true;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (error.code === 'session_not_found' || error.code === 'session_expired') return false;
    throw error;
  }
}

const agreementDeadlineMs = 5000;

/** The nodes' own copies come to the same counter. */
async function assertAgreement(urls: readonly string[], fenceCounter: number): Promise<void> {
  for (const url of urls) {
    await waitUntil(
      `${url} applies what the others have (fence counter ${String(fenceCounter)})`,
      agreementDeadlineMs,
      async () => (await readStats(url, 'stale')).fence_counter === fenceCounter,
    );
  }
}

/** Waits until a restarted node has applied all that another had committed when it was asked. */
export async function waitForCatchUp(
  url: string,
  leaderUrl: string,
  deadlineMs: number,
): Promise<void> {
  const { commit_index: goal } = await readClusterStatus(leaderUrl);
  await waitUntil(
    `${url} catches up with log index ${String(goal)}`,
    deadlineMs,
    async () => (await readClusterStatus(url)).applied_index >= goal,
  );
}
