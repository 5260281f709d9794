import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Session } from '@holdfast/client';
import { threeNodes } from './support/cluster.ts';

const timeoutMs = 2000;
const leadsForMs = 700;

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  assert.ok(response.ok, `${url}: ${await response.clone().text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** A client by plain HTTP that holds a lock, waits for another one, and of which nothing is heard any more. */
async function dieWithLock(url: string, lock: string, wanted: string): Promise<void> {
  const session = await post(`${url}/sessions`, { client_id: 'dead', timeout: timeoutMs / 1000 });
  const locks = `${url}/sessions/${String(session['session_id'])}/locks`;
  await post(`${locks}/${lock}`, { request_id: 1 });
  // Its connection stays open, as that of a machine without power does, and its node goes on asking.
  post(`${locks}/${wanted}`, { request_id: 2, wait_seconds: 30 }).catch(() => undefined);
}

/** Hands leadership over again and again; returns how often, and how long there was perhaps no leader. */
async function moveLeadership(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly moves: number; readonly withoutMs: number }> {
  let withoutMs = 0;
  let moves = 0;
  while (!signal.aborted) {
    const askedMs = performance.now();
    await post(`${url}/cluster/transfer`, {});
    withoutMs += performance.now() - askedMs;
    moves += 1;
    await new Promise((resolve) => {
      setTimeout(resolve, leadsForMs);
    });
  }
  return { moves, withoutMs };
}

/** A hand-over may take as long as the timeout of the session: then another client dies. */
const mostTries = 4;

describe('Three processes whose leadership is moved more often than the timeout of a session', () => {
  it('free what a dead client held after at most twice its timeout and a second, and keep what a living one holds', async () => {
    await using nodes = await threeNodes();
    const { urls } = nodes.cluster;
    const [url = ''] = urls;
    await using client = await connect({ endpoints: urls });
    await using living: Session = await client.session({ timeoutSeconds: 10 });
    const kept = await living.lock('kept');
    const outcomes: {
      readonly moves: number;
      readonly tookMs: number;
      readonly withoutMs: number;
    }[] = [];
    do {
      const lock = `left-${String(outcomes.length)}`;
      const controller = new AbortController();
      const moving = moveLeadership(url, controller.signal);
      let tookMs = 0;
      try {
        await dieWithLock(url, lock, 'kept');
        const diedMs = performance.now();
        await living.lock(lock, { waitMs: 20_000 });
        tookMs = performance.now() - diedMs;
      } finally {
        controller.abort();
        outcomes.push({ ...(await moving), tookMs });
      }
    } while ((outcomes.at(-1)?.moves ?? 0) < 3 && outcomes.length < mostTries);
    assert.ok((outcomes.at(-1)?.moves ?? 0) >= 3, `moves: ${JSON.stringify(outcomes)}`);
    kept.assertHeld();
    for (const { tookMs, withoutMs } of outcomes) {
      assert.ok(tookMs >= timeoutMs * 0.9, `${String(tookMs)} ms`);
      assert.ok(
        tookMs <= 2 * timeoutMs + 1000 + withoutMs,
        `${String(tookMs)} ms, ${String(withoutMs)} ms of it without a leader`,
      );
    }
  });
});
