/** Every operation on every interface goes the one way: a rule refuses it, and the audit sees it (ACCESS-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { groups, operations } from '@holdfast/contract';
import type { Operation } from '@holdfast/contract';
import { HoldfastError } from '@holdfast/protocol';
import type { AccessRequest, Audit, AuditOutcome, Caller } from '../../src/index.ts';
import { startHarness } from '../harness.ts';
import { grpcSampleOf, sampleOf } from '../samples.ts';
import { StreamClient } from '../stream-client.ts';
import { codeOf, refusal, startGrpcHarness } from './grpc/grpc-client.ts';
import type { Message, Reading } from './grpc/grpc-client.ts';

interface Seen {
  readonly asked: AccessRequest[];
  readonly callers: Caller[];
  readonly audited: (readonly [operation: string, outcome: AuditOutcome])[];
}

function watched(): Seen & {
  readonly authorize: (caller: Caller, request: AccessRequest) => void;
  readonly audit: Audit;
} {
  const seen: Seen = { asked: [], callers: [], audited: [] };
  return {
    ...seen,
    authorize: (caller, request) => {
      seen.asked.push(request);
      seen.callers.push(caller);
    },
    audit: (_caller, { operation }, outcome) => {
      seen.audited.push([operation, outcome]);
    },
  };
}

function refusing(): ReturnType<typeof watched> {
  const seen = watched();
  return {
    ...seen,
    authorize: (caller, request) => {
      seen.authorize(caller, request);
      throw new HoldfastError('forbidden', 'Not this one.');
    },
  };
}

/** Once, as what it is declared to be, with the name that it is about; refused, and told so. */
function assertRefusedOnce(seen: Seen, declared: Operation): void {
  const { name, access } = declared;
  assert.deepEqual(
    seen.asked.map(({ operation, verb }) => [operation, verb]),
    [[name, access.verb]],
  );
  assert.deepEqual(seen.audited, [[name, 'forbidden']]);
  const body = sampleOf(declared);
  const named = access.resource === 'session' ? body['session_id'] : (body['name'] ?? body['k']);
  if (named !== undefined) assert.equal(seen.asked[0]?.resources[0]?.name, named);
}

function nothingDone(harness: ReturnType<typeof startHarness>): void {
  assert.equal(harness.engine.submitted.length, 0);
  assert.equal(
    harness.engine.queried,
    1,
    'how far the cluster is, at the start (DENY-5), and nothing else',
  );
}

/** The declaration that a stream of gRPC is another way to ask for. */
function performedBy(declared: Operation): Operation {
  if (declared.kind !== 'stream' || declared.performs === undefined) return declared;
  const performed = operations.find(({ name }) => name === declared.performs);
  assert.ok(performed !== undefined, declared.performs);
  return performed;
}

const serviceOf = (declared: Operation): string =>
  groups.find((group) => group.operations.includes(declared))?.service ?? '';

async function listening(t: TestContext, seen: ReturnType<typeof watched>): Promise<string> {
  const { built } = startHarness(t, seen);
  return built.app.listen({ host: '127.0.0.1', port: 0 });
}

describe('given a rule that refuses all, when an operation is asked for', () => {
  for (const declared of operations) {
    for (const { method, path } of declared.http) {
      test(`by ${method} ${path}, then forbidden, the audit is told, and nothing is done`, async (t) => {
        const seen = refusing();
        const harness = startHarness(t, seen);
        const rest = new Map(Object.entries(sampleOf(declared)));
        const url = path.replaceAll(/\{([a-z_]+)\}/g, (_match, field: string) => {
          const value = rest.get(field);
          rest.delete(field);
          return encodeURIComponent(typeof value === 'string' ? value : 'x');
        });
        const query = new URLSearchParams(
          [...rest].map(([key, value]): [string, string] => [key, String(value)]),
        );
        const answer = await harness.request(
          method,
          method === 'GET' && rest.size > 0 ? `${url}?${query.toString()}` : url,
          method === 'GET' ? undefined : Object.fromEntries(rest),
        );
        assert.equal(answer.status, 403, answer.text);
        assert.equal(answer.body['code'], 'forbidden');
        assertRefusedOnce(seen, declared);
        nothingDone(harness);
      });
    }

    if (declared.kind === 'unary' && declared.onStream) {
      test(`by the relay, ${declared.name} is refused the same way`, async (t) => {
        const seen = refusing();
        const harness = startHarness(t, seen);
        const url = `/operations/${declared.name}`;
        const answer = await harness.request('POST', url, sampleOf(declared));
        assert.equal(answer.body['code'], 'forbidden', answer.text);
        assertRefusedOnce(seen, declared);
        nothingDone(harness);
      });
    }

    const { name } = declared;
    const isOnStream =
      declared.kind === 'control' ||
      (declared.kind === 'unary' && declared.onStream) ||
      name === 'watch';
    if (isOnStream) {
      test(`on the stream, ${name} is refused the same way`, async (t) => {
        const seen = refusing();
        const client = await StreamClient.open(await listening(t, seen));
        const reply = await client.call(name, sampleOf(declared));
        assert.equal(reply.body['code'], 'forbidden', JSON.stringify(reply.body));
        assertRefusedOnce(seen, declared);
        client.hangUp();
      });
    }

    const grpc = 'grpc' in declared ? declared.grpc : undefined;
    if (grpc !== undefined) {
      test(`on gRPC, ${grpc.method} is refused the same way`, async (t) => {
        const seen = refusing();
        const harness = await startGrpcHarness(t, seen);
        const rpc = `${serviceOf(declared)}.${grpc.method}`;
        const body = grpcSampleOf(declared);
        const error =
          declared.kind === 'unary'
            ? await refusal(harness.call(rpc, body))
            : declared.kind === 'stream' && declared.direction === 'both'
              ? await failureOf(harness.duplex(rpc), body)
              : await harness.read(rpc, body).failure();
        assert.equal(codeOf(error), 'forbidden', String(error));
        assertRefusedOnce(seen, performedBy(declared));
        nothingDone(harness);
      });
    }
  }
});

function failureOf(
  stream: Reading<ClientDuplexStream<object, Message>>,
  body: object,
): Promise<Error> {
  stream.call.write(body);
  return stream.failure();
}

describe('given a rule that admits all', () => {
  test('when something is done, refused or begun, then the audit is told what became of it, once', async (t) => {
    const seen = watched();
    const harness = startHarness(t, seen);
    const session_id = await harness.session();
    await harness.request('GET', '/sessions/none');
    await harness.request('GET', '/metrics');
    await harness.request('POST', `/sessions/${session_id}/locks/x`, { mode: 'none' });
    harness.engine.failWith = new TypeError('a defect');
    await harness.request('POST', `/sessions/${session_id}/keepalive`);
    assert.deepEqual(seen.audited, [
      ['create_session', 'done'],
      ['get_session', 'session_not_found'],
      ['metrics', 'begun'],
      ['keepalive', 'internal'],
    ]);
  });

  test('when several are asked for at once, then each is told with its kind and name', async (t) => {
    const seen = watched();
    const harness = startHarness(t, seen);
    await harness.request('POST', '/locks/acquire-many', {
      session_id: 's',
      resources: [{ name: 'a' }, { kind: 'semaphore', name: 'b' }],
    });
    await harness.request('POST', '/admin/locks/e/force-release', { kind: 'election' });
    assert.deepEqual(
      seen.asked.map(({ verb, resources }) => [verb, resources]),
      [
        [
          'acquire',
          [
            { kind: 'lock', name: 'a' },
            { kind: 'semaphore', name: 'b' },
          ],
        ],
        ['admin', [{ kind: 'election', name: 'e' }]],
      ],
    );
  });

  test('when a request comes from an address, then the caller has it on every interface', async (t) => {
    const seen = watched();
    const url = await listening(t, seen);
    await fetch(`${url}/leader`);
    const client = await StreamClient.open(url);
    await client.call('list_locks', {});
    client.hangUp();
    const harness = await startGrpcHarness(t, seen);
    await harness.call('Locks.ListLocks', {});
    assert.deepEqual(
      seen.callers.map(({ identity, proof, address }) => [identity, proof, address]),
      Array.from({ length: 3 }, () => ['anonymous', 'none', '127.0.0.1']),
    );
  });
});
