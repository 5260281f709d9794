/** How each code that says that nothing was done is provoked: one request, in a world that may be prepared for it. */
import type { ErrorCode } from '@holdfast/protocol';
import { newSessionId } from '../../../src/operations/identities.ts';
import type { World } from './world.ts';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What has to happen before it is answered, once it waits. */
  readonly meanwhile?: () => void;
}

/** Whatever it does itself is done before the world is looked at. */
export type Provocation = (world: World) => Asked | Promise<Asked>;

const post = (url: string, body: object | string = {}): Asked => ({ method: 'POST', url, body });
const asOther =
  (url: string, fields: object = {}): Provocation =>
  ({ other }) =>
    post(url, { session_id: other, ...fields });
const asHolder =
  (url: string, fields: object): Provocation =>
  ({ holder }) =>
    post(url, { session_id: holder, ...fields });

export const authorization = (key: unknown): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${String(key)}`,
});

/** A new key, and authentication that is on with it where asked for. */
async function adminKey({ request }: World, isOn: boolean): Promise<Record<string, string>> {
  const made = await request('POST', '/auth/keys', { identity: 'root', roles: ['admin'] });
  const headers = authorization(made.body['key']);
  if (isOn) await request('POST', '/auth/enable', { keep_others: true }, headers);
  return headers;
}

/** Waiters of `x`, each with a session of its own, until no more may wait. */
async function fillWaitQueue({ request, session, engine }: World): Promise<void> {
  for (let count = 1; count <= 10; count++) {
    const body = { session_id: await session(), wait_seconds: 60 };
    void request('POST', '/locks/x/acquire', body);
    while (engine.waiterCount < count) await new Promise((resolve) => setImmediate(resolve));
  }
}

const ofRequests = {
  invalid_request: () => post('/locks/free/acquire'),
  name_too_long: asOther(`/locks/${'x'.repeat(257)}/acquire`),
  invalid_json: () => post('/locks/free/acquire', '{'),
  body_too_large: asOther('/locks/free/acquire', { metadata: 'x'.repeat(70_000) }),
  unsupported_media_type: ({ other }) => ({
    ...post('/locks/free/acquire', `session_id=${other}`),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  route_not_found: () => post('/nowhere'),
  method_not_allowed: ({ other }) => ({
    ...post('/locks/free/acquire', { session_id: other }),
    method: 'PUT',
  }),
  future_position: () => ({ method: 'GET', url: '/events?after=999999' }),
} satisfies Partial<Record<ErrorCode, Provocation>>;

const ofHolds = {
  lock_held: asOther('/locks/x/acquire'),
  lock_not_found: asOther('/locks/free/release'),
  wait_timeout: ({ other, engine }) => ({
    ...post('/locks/x/acquire', { session_id: other, wait_seconds: 1 }),
    meanwhile: () => engine.advance(1000),
  }),
  not_holder: asOther('/locks/x/release'),
  stale_fence_token: asHolder('/locks/x/release', { fence_token: 999 }),
  request_reused: asHolder('/locks/free/acquire', { request_id: 1 }),
  limit_mismatch: asOther('/semaphores/s/acquire', { limit: 2 }),
  no_permits: asOther('/semaphores/s/acquire'),
  semaphore_not_found: asOther('/semaphores/free/acquire'),
  semaphore_in_use: () => ({ method: 'DELETE', url: '/semaphores/s' }),
  not_elected: asOther('/election/e/campaign'),
  barrier_closed: asOther('/barriers/b/enter', { parties: 1 }),
  not_entered: asOther('/barriers/b/leave'),
  latch_not_found: () => post('/latches/free/count-down'),
} satisfies Partial<Record<ErrorCode, Provocation>>;

const ofTheRest = {
  queue_not_found: () => post('/queue/ack', { receipt: '1.1.2', queue: 'nothing' }),
  queue_order: () => post('/queue/push', { queue: 'q', key: 'a', payload: 2, delay_seconds: 5 }),
  queue_not_empty: () => post('/queue/delete', { queue: 'q' }),
  stale_receipt: () => post('/queue/ack', { receipt: '1.1.2', queue: 'q' }),
  version_mismatch: () => post('/cache/set', { key: 'c', value: 2, if_version: 0 }),
  hold_not_current: () =>
    post('/cache/set', { key: 'c', value: 2, if_held: { resource: 'x', fence_token: 999 } }),
  key_not_found: () => ({ method: 'DELETE', url: '/auth/keys/nothing' }),
  role_not_found: () => ({ method: 'DELETE', url: '/auth/roles/nothing' }),
  no_administrator: () => post('/auth/enable'),
  member_exists: () => post('/cluster/members', { node_id: 'node-2', address: 'node-2:4322' }),
  member_not_found: () => ({ method: 'DELETE', url: '/cluster/members/nobody' }),
} satisfies Partial<Record<ErrorCode, Provocation>>;

/** In a world in which nothing else is asked before or after. */
export const prepared = {
  compacted: async ({ acquire, other }) => {
    for (let number = 0; number < 10; number++) await acquire(other, `z${String(number)}`);
    return { method: 'GET', url: '/events?after=1' };
  },
  not_leader: ({ engine }) => {
    engine.leader = null;
    return { method: 'GET', url: '/leader' };
  },
  unauthorized: async (world) => {
    await adminKey(world, true);
    return post('/locks/free/acquire', { session_id: world.other });
  },
  forbidden: async (world) => {
    const root = await adminKey(world, true);
    const made = await world.request('POST', '/auth/keys', { identity: 'ann' }, root);
    return {
      ...post('/locks/free/acquire', { session_id: world.other }),
      headers: authorization(made.body['key']),
    };
  },
  session_exists: async ({ engine }) => {
    // What this request makes has another client: only a collision of hashes does that.
    const sessionId = newSessionId('anonymous', 'ann', 'r1');
    const terms = { timeoutMs: 30_000, lockDelayMs: 0, createdAtMs: 0 };
    const command = { type: 'create_session', sessionId, clientId: 'bob', ...terms } as const;
    await engine.submit(command, { identity: 'anonymous' });
    return post('/sessions', { client_id: 'ann', request_id: 'r1' });
  },
  lock_delayed: async ({ session, acquire, engine, other }) => {
    const gone = await session({ lock_delay_seconds: 60 });
    await acquire(gone, 'delayed');
    engine.expire(gone);
    return post('/locks/delayed/acquire', { session_id: other });
  },
  deadlock: async ({ request, engine, holder, other }) => {
    void request('POST', '/locks/y/acquire', { session_id: holder, wait_seconds: 60 });
    while (engine.waiterCount === 0) await new Promise((resolve) => setImmediate(resolve));
    return post('/locks/x/acquire', { session_id: other, wait_seconds: 60 });
  },
  limit_exceeded: async (world) => {
    await fillWaitQueue(world);
    return post('/locks/x/acquire', { session_id: world.other, wait_seconds: 60 });
  },
  others_have_access: async (world) => {
    await world.request('POST', '/auth/keys', { identity: 'ann' });
    return { ...post('/auth/enable'), headers: await adminKey(world, false) };
  },
} satisfies Partial<Record<ErrorCode, Provocation>>;

/** One after the other in one world: none changes it, if what is said of them is so. */
export const unprepared = {
  ...ofRequests,
  ...ofHolds,
  ...ofTheRest,
} satisfies Partial<Record<ErrorCode, Provocation>>;
