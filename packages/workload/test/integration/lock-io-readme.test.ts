/**
 * Every `curl` of the lock.io readme, as printed there, on each of the three nodes. Only the port, the
 * session's id and the fence token are put in as the answers before gave them, and the session is
 * deleted at the end instead of before its lock is taken.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { curl } from './support/curl.ts';
import { threeNodes } from './support/cluster.ts';
import type { TestCluster } from './support/cluster.ts';

const printedSession = '02f55b83-8686-43fc-b54b-22aa06232543';

interface Example {
  readonly title: string;
  readonly command: string;
  /** The expected output as printed there. */
  readonly output: Readonly<Record<string, unknown>>;
  /** Fields whose values, not only types, follow from what was asked. */
  readonly exact: readonly string[];
}

const examples: readonly Example[] = [
  {
    title: 'Health check',
    command: 'curl http://localhost:5000/health',
    output: {
      is_leader: false,
      is_ready: true,
      leader: 'lock-node-2:4322',
      service: 'lock.io',
      status: 'healthy',
      timestamp: '2026-01-23T10:24:57.788813+00:00',
      version: '0.1.0',
    },
    exact: ['is_ready', 'status'],
  },
  {
    title: 'Create a client session',
    command: `curl -X POST http://localhost:5000/sessions \\
-H "Content-Type: application/json" \\
-d '{"client_id": "test-client-1", "timeout":100}'`,
    output: {
      client_id: 'test-client-1',
      keepalive_interval: 33,
      session_id: printedSession,
      timeout: 100,
    },
    exact: ['client_id', 'keepalive_interval', 'timeout'],
  },
  {
    title: 'Get session info',
    command: `curl http://localhost:5000/sessions/${printedSession}`,
    output: {
      client_id: 'test-client-1',
      created_at: 1769164036.1776488,
      last_keepalive: 1769164036.1776495,
      locks_held: [],
      session_id: printedSession,
      timeout: 100,
    },
    exact: ['client_id', 'locks_held', 'session_id', 'timeout'],
  },
  {
    title: 'Keepalive',
    command: `curl -X POST http://localhost:5000/sessions/${printedSession}/keepalive`,
    output: { session_id: printedSession, success: true },
    exact: ['session_id', 'success'],
  },
  {
    title: 'Acquire a lock on a resource',
    command: `curl -X POST http://localhost:5000/sessions/${printedSession}/locks/resource-1`,
    output: { acquired: true, fence_token: 1, resource: 'resource-1' },
    exact: ['acquired', 'fence_token', 'resource'],
  },
  {
    title: 'Get all locks for a session',
    command: `curl http://localhost:5000/sessions/${printedSession}/locks`,
    output: { locks: ['resource-1'], total_locks: 1 },
    exact: ['locks', 'total_locks'],
  },
  {
    title: 'Admin: lock status on a resource',
    command: 'curl http://localhost:5000/admin/locks/resource-1',
    output: {
      acquired_at: 1769166404.7297914,
      fence_token: 1,
      locked: true,
      resource: 'resource-1',
      session_id: printedSession,
    },
    exact: ['fence_token', 'locked', 'resource', 'session_id'],
  },
  {
    title: 'Release a lock on a resource',
    command: `curl -X DELETE http://localhost:5000/sessions/${printedSession}/locks/resource-1 -H "Content-Type: application/json" -d '{"fence_token": 1}'`,
    output: { released: true, fence_token: 1, resource: 'resource-1' },
    exact: ['released', 'fence_token', 'resource'],
  },
  {
    title: 'Admin stats',
    command: 'curl http://localhost:5000/admin/stats',
    output: {
      active_sessions: 2,
      expired_sessions: 1,
      fence_counter: 1,
      total_locks: 1,
      total_session: 3,
    },
    exact: ['fence_counter'],
  },
  {
    title: 'Admin cleanup of expired sessions',
    command: 'curl -X POST http://localhost:5000/admin/cleanup',
    output: { cleanup: 'completed', count: 1 },
    exact: ['cleanup'],
  },
  {
    title: 'Delete client session',
    command: `curl -X DELETE http://localhost:5000/sessions/${printedSession}`,
    output: { deleted: true, session_id: printedSession },
    exact: ['deleted', 'session_id'],
  },
];

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  assert.ok(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    `not an object: ${JSON.stringify(value)}`,
  );
  return Object.fromEntries(Object.entries(value));
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}

describe('The examples of the lock.io readme', () => {
  let nodes: TestCluster;
  before(async () => {
    nodes = await threeNodes();
  });
  after(async () => {
    await nodes[Symbol.asyncDispose]();
  });

  // One after the other: the first node's answers are then those printed, token 1 included.
  for (const [position, node] of ['the first', 'the second', 'the third'].entries()) {
    describe(`asked of ${node} node`, () => {
      const token = position + 1;
      let session = '';
      for (const example of examples) {
        it(example.title, async () => {
          const url = nodes.cluster.urls[position] ?? '';
          const toThisRun = (text: string): string =>
            text
              .replaceAll('localhost:5000', `localhost:${new URL(url).port}`)
              .replaceAll(printedSession, session === '' ? printedSession : session)
              .replaceAll(`{"fence_token": 1}`, `{"fence_token": ${String(token)}}`);
          const answer = asRecord(await curl(toThisRun(example.command)));
          for (const [field, printed] of Object.entries(example.output)) {
            const seen = `${field} in ${JSON.stringify(answer)}`;
            assert.ok(Object.hasOwn(answer, field), `no ${seen}`);
            assert.equal(typeOf(answer[field]), typeOf(printed), seen);
          }
          if (session === '' && typeof answer['session_id'] === 'string') {
            session = answer['session_id'];
          }
          for (const field of example.exact) {
            const printed = field.startsWith('fence_') ? token : example.output[field];
            const expected = printed === printedSession ? session : printed;
            assert.deepEqual(answer[field], expected, field);
          }
        });
      }

      it('shows the values that only their form can be told of', async () => {
        const url = nodes.cluster.urls[position] ?? '';
        const health = asRecord(await curl(`curl ${url}/health`));
        assert.match(String(health['leader']), /^[^:]+:\d+$/);
        assert.match(String(health['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$/);
        assert.match(session, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      });
    });
  }
});
