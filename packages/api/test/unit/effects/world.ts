/** A world in which everything is in use, and all that can be seen of it. */
import type { TestContext } from 'node:test';
import type { SessionId } from '@holdfast/state';
import { startHarness } from '../../harness.ts';
import type { Harness } from '../../harness.ts';
import type { ApiOptions } from '../../../src/options.ts';

export interface World extends Harness {
  /** Holds lock `x`, the only permit of semaphore `s`, election `e`; is in barrier `b` alone. */
  readonly holder: string;
  /** Holds lock `y`. */
  readonly other: string;
}

export async function startWorld(
  test: TestContext,
  options: Partial<ApiOptions> = {},
): Promise<World> {
  const harness = startHarness(test, options);
  const holder = await harness.session();
  const other = await harness.session();
  const ask = (path: string, body: object) => harness.request('POST', path, body);
  await ask('/locks/x/acquire', { session_id: holder, request_id: 1 });
  await ask('/locks/y/acquire', { session_id: other, request_id: 1 });
  await ask('/semaphores/s/acquire', { session_id: holder, limit: 1 });
  await ask('/election/e/campaign', { session_id: holder });
  await ask('/barriers/b/enter', { session_id: holder, parties: 1 });
  await ask('/latches/k', { session_id: holder, count: 2 });
  await ask('/queue/push', { queue: 'q', key: 'a', payload: 1 });
  await ask('/cache/set', { key: 'c', value: 1 });
  return { ...harness, holder, other };
}

/**
 * What a later request of anybody may depend on: every line of a snapshot but its ends, which count entries, and those of
 * sessions, which remember answers; what sessions have; and the members.
 */
export function visible({ engine }: Harness): readonly string[] {
  const { state, members, leader } = engine;
  const lines = Buffer.concat([...state.snapshot()])
    .toString()
    .split('\n');
  const kinds = new Set(['holdfast-state', 'session', 'end']);
  const sessions: string[] = [];
  const rest: string[] = [];
  for (const line of lines) {
    const [kind, id] = line === '' ? [] : (JSON.parse(line) as [string, string]);
    if (kind === 'session') {
      const { renewal: _renewal, ...session } = { renewal: 0, ...state.session(id as SessionId) };
      sessions.push(JSON.stringify(session));
    } else if (kind !== undefined && !kinds.has(kind)) rest.push(line);
  }
  const { isEnabled } = state.access;
  return [
    ...sessions,
    ...rest,
    JSON.stringify({ isEnabled, members, leader, stats: state.stats() }),
  ];
}
