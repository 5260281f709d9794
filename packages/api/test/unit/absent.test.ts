/** One rule for what nobody has made or uses, over all kinds and interfaces (ABSENT-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { groups, operations } from '@holdfast/contract';
import type { UnaryOperation } from '@holdfast/contract';
import { assertProblem, startHarness } from '../harness.ts';
import { StreamClient } from '../stream-client.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';

interface Status {
  readonly operation: string;
  readonly with: Readonly<Record<string, string>>;
  /** What says that nothing is there. */
  readonly tells: Readonly<Record<string, unknown>>;
}

const statuses: readonly Status[] = [
  { operation: 'lock_status', with: { name: 'none' }, tells: { locked: false, holders: [] } },
  {
    operation: 'semaphore_status',
    with: { name: 'none' },
    tells: { limit: null, free: null, persistent: false, holders: [], waiters: [] },
  },
  { operation: 'election_leader', with: { name: 'none' }, tells: { leader: null, candidates: [] } },
  { operation: 'barrier_status', with: { name: 'none' }, tells: { round: null, members: [] } },
  { operation: 'latch_status', with: { name: 'none' }, tells: { count: null, open: false } },
  { operation: 'queue_stats', with: { queue: 'none' }, tells: { queues: [] } },
  {
    operation: 'queue_dead_letters',
    with: { queue: 'none' },
    tells: { dead_letters: [], next_after: null },
  },
  { operation: 'queue_blocked_keys', with: { queue: 'none' }, tells: { keys: [] } },
  { operation: 'cache_get', with: { k: 'none' }, tells: { found: false, value: null } },
];

function declarationOf(name: string): UnaryOperation {
  const found = operations.find((operation) => operation.name === name);
  assert.ok(found?.kind === 'unary', name);
  return found;
}

const told = (body: object, { tells }: Status): unknown =>
  Object.fromEntries(Object.entries(body).filter(([field]) => field in tells));

const isNullValue = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'nullValue' in value;

describe('The status of what nobody has made or uses', () => {
  test('is 200 by every path of HTTP', async (t) => {
    const { request } = startHarness(t);
    for (const status of statuses)
      for (const { method, path } of declarationOf(status.operation).http) {
        const rest = new URLSearchParams(status.with);
        const url = path.replace('{name}', 'none');
        if (url !== path) rest.delete('name');
        const answer = await request(method, `${url}?${rest.toString()}`);
        assert.equal(answer.status, 200, `${path} ${answer.text}`);
        assert.deepEqual(told(answer.body, status), status.tells, path);
      }
  });

  test('is an answer on the stream', async (t) => {
    const { built } = startHarness(t);
    const client = await StreamClient.open(await built.app.listen({ host: '127.0.0.1', port: 0 }));
    for (const status of statuses) {
      const { body } = await client.call(status.operation, status.with);
      assert.deepEqual(told(body, status), status.tells, status.operation);
    }
    client.hangUp();
  });

  test('is an answer on gRPC', async (t) => {
    const harness = await startGrpcHarness(t);
    for (const status of statuses) {
      const { name, grpc } = declarationOf(status.operation);
      const group = groups.find(({ operations: declared }) =>
        declared.some((one) => one.name === name),
      );
      const answer = await harness.call(
        `${group?.service ?? ''}.${grpc?.method ?? ''}`,
        status.with,
      );
      // Null and empty lists are absent from a message; of a field that may be any JSON, null is a value.
      for (const [field, value] of Object.entries(status.tells))
        assert.ok(
          value === false
            ? answer[field] !== true
            : !(field in answer) || isNullValue(answer[field]),
          `${name} ${field}`,
        );
    }
  });

  test('is told of every kind: none of their reads is declared to be refused for that', () => {
    const reads = operations.filter(
      (operation) =>
        operation.kind === 'unary' &&
        !operation.changes &&
        !operation.waits &&
        operation.access.verb === 'read',
    );
    const refused = reads.filter(
      ({ errors, access }) =>
        ['lock', 'semaphore', 'election', 'barrier', 'latch', 'queue', 'cache'].includes(
          access.resource,
        ) && errors.some((code) => code.endsWith('_not_found') && code !== 'session_not_found'),
    );
    assert.deepEqual(
      refused.map(({ name }) => name),
      [],
    );
  });

  test('is 404 of a session: its id is made by the cluster, and an unknown one is of none', async (t) => {
    const { request } = startHarness(t);
    assertProblem(await request('GET', '/sessions/none'), 404, 'session_not_found');
  });
});

describe('What acts on what has to be made first', () => {
  const acts: readonly (readonly [
    method: 'DELETE' | 'GET' | 'POST',
    path: string,
    body: object,
    code: string,
  ])[] = [
    ['POST', '/semaphores/none/resize', { limit: 2 }, 'semaphore_not_found'],
    ['DELETE', '/semaphores/none', {}, 'semaphore_not_found'],
    ['POST', '/latches/none/count-down', {}, 'latch_not_found'],
    ['GET', '/latches/none/wait', {}, 'latch_not_found'],
    ['DELETE', '/latches/none', {}, 'latch_not_found'],
    ['POST', '/queue/redrive', { queue: 'none' }, 'queue_not_found'],
    ['POST', '/queue/purge', { queue: 'none' }, 'queue_not_found'],
    ['POST', '/queue/delete', { queue: 'none' }, 'queue_not_found'],
  ];
  test('is refused where it is not there', async (t) => {
    const { request } = startHarness(t);
    for (const [method, path, body, code] of acts)
      assertProblem(await request(method, path, method === 'GET' ? undefined : body), 404, code);
  });
});
