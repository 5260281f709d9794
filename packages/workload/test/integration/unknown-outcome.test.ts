/** What was asked for while the cluster could not answer, and executed after the client was told that it failed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Barrier, connect, Election, MultiLock } from '@holdfast/client';
import type { Client, Session } from '@holdfast/client';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from './support/cluster.ts';

const holdsOf = async (client: Client, session: Session): Promise<number> =>
  (await client.call('session_locks', { session_id: session.id })).total_holds;

const followersOf = (cluster: LocalCluster, leader: string): readonly string[] =>
  cluster.nodes.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== leader);

type Unary = (
  body: object,
  options: { readonly deadline: number },
  callback: (error: Error | null, answer: object) => void,
) => void;

/** With a deadline of its own, and never again. */
function byGrpc(cluster: LocalCluster, nodeId: string) {
  const folder = fileURLToPath(new URL('../../../../proto', import.meta.url));
  const node = cluster.nodes.find((one) => one.nodeId === nodeId);
  return (file: string, service: string, method: string, body: object): Promise<object> => {
    const options = { includeDirs: [folder], keepCase: true };
    const loaded = loadPackageDefinition(
      loadSync(`holdfast/v1/${file}.proto`, options),
    ) as unknown as {
      readonly holdfast: { readonly v1: Readonly<Record<string, ServiceClientConstructor>> };
    };
    const Service = loaded.holdfast.v1[service];
    assert.ok(Service !== undefined, service);
    const client = new Service(node?.grpcAddress ?? '', credentials.createInsecure());
    const call = (client as unknown as Readonly<Record<string, Unary>>)[method];
    assert.ok(call !== undefined, method);
    return new Promise<object>((resolve, reject) => {
      call.call(client, body, { deadline: Date.now() + 3000 }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    }).finally(() => client.close());
  };
}

/** One of each kind over gRPC, in a session of its own or by the name of a client. */
function allByGrpc(
  ask: ReturnType<typeof byGrpc>,
  session_id: string,
): readonly (() => Promise<object>)[] {
  const who = { client_id: 'grpc', ttl_seconds: 300 };
  return [
    () => ask('locks', 'Locks', 'Acquire', { name: 'by-grpc', ...who }),
    () =>
      ask('semaphores', 'Semaphores', 'AcquirePermits', {
        name: 'slots-by-grpc',
        limit: 1,
        ...who,
      }),
    () => ask('elections', 'Elections', 'Campaign', { name: 'chief-by-grpc', ...who }),
    () =>
      ask('locks', 'Locks', 'AcquireMany', {
        session_id,
        resources: [{ name: 'left-by-grpc' }, { name: 'right-by-grpc' }],
      }),
    () =>
      ask('barriers', 'Barriers', 'EnterBarrier', {
        name: 'gathering-by-grpc',
        session_id,
        parties: 2,
        wait_seconds: 60,
      }),
  ];
}

describe('Acquires of which the client was told that they failed, while both followers were paused', () => {
  it('hold nothing once the cluster goes on, and what is tried again is given back as a whole', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    await using client = await connect({ endpoints: cluster.urls });
    await using other = await connect({ endpoints: cluster.urls });
    await using session = await client.session({ timeoutSeconds: 60 });
    await using rival = await other.session({ timeoutSeconds: 60 });
    await using plainClient = await connect({ endpoints: cluster.urls, transport: 'http' });
    await using plainSession = await plainClient.session({ timeoutSeconds: 60 });
    await using grpcSession = await client.session({ timeoutSeconds: 60 });
    const entered = await session.lock('twice');
    // Asked before anybody is paused: a leader without followers steps down within a second.
    const leader = await cluster.leader();
    const followers = followersOf(cluster, leader);

    for (const nodeId of followers) await cluster.kill(nodeId, 'SIGSTOP');
    // As with curl: nobody could ask for these again.
    const url = urlOfNode(cluster, leader);
    const plain = [{ session_id: session.id }, { client_id: 'curl', ttl_seconds: 300 }].map((who) =>
      fetch(`${url}/locks/plain-${String('client_id' in who)}/acquire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(who),
      }),
    );
    // Whoever waits for another party wants it no more meanwhile.
    const others = Promise.allSettled([
      ...allByGrpc(byGrpc(cluster, leader), grpcSession.id).map((ask) => ask()),
      ...[session, plainSession].map((of) =>
        new Barrier(of, `gathering-${of === session ? 'stream' : 'http'}`, 2).enter({
          waitMs: 60_000,
          signal: AbortSignal.timeout(4000),
        }),
      ),
    ]);
    const effects = new Set<unknown>();
    const asked = await Promise.allSettled([
      session.lock('job'),
      session.lock('twice'),
      session.permits('slots', { permits: 2, limit: 2 }),
      new Election(session, 'chief').campaign(),
      new MultiLock(session, ['left', 'right']).acquire(),
      entered.release(),
      plainSession.lock('by-http'),
      plainSession.permits('slots-by-http', { limit: 1 }),
      new Election(plainSession, 'chief-by-http').campaign(),
      new MultiLock(plainSession, ['left-by-http', 'right-by-http']).acquire(),
    ]);
    for (const nodeId of followers) await cluster.kill(nodeId, 'SIGCONT');
    for (const { status } of await others) assert.equal(status, 'rejected');
    for (const answered of await Promise.all(plain)) {
      const { code } = (await answered.json()) as { readonly code: ErrorCode };
      effects.add(errorDefinitions[code].effect);
    }
    for (const one of asked) {
      assert.equal(one.status, 'rejected');
      assert.ok(one.reason instanceof HoldfastError);
      effects.add(one.reason.effect);
    }
    // What came only after the leader had stepped down was surely not done; what came before it may have been.
    assert.ok(effects.has('perhaps'), [...effects].join(', '));

    assert.equal(session.state, 'active');
    for (const [of, whose] of [
      [client, session],
      [plainClient, plainSession],
      [client, grpcSession],
    ] as const)
      await waitUntil(
        'the session still holds something',
        20_000,
        async () => (await holdsOf(of, whose)) === 0,
      );
    for (const way of ['gathering-stream', 'gathering-http', 'gathering-by-grpc'])
      await waitUntil(`a session is still inside the barrier ${way}`, 20_000, async () => {
        const { member_count } = await client.call('barrier_status', { name: way });
        return (member_count ?? 0) === 0;
      });
    await entered.release();
    assert.equal(entered.state, 'released');
    // As a program would: it tries again, and is done.
    for (const name of ['job', 'twice', 'left']) await (await session.lock(name)).release();
    const several = ['', '-by-http', '-by-grpc'].flatMap((way) => [`left${way}`, `right${way}`]);
    for (const name of ['job', 'twice', ...several, 'plain-true', 'plain-false', 'by-grpc'])
      await (await rival.lock(name, { waitMs: 5000 })).release();
    await (await rival.permits('slots', { permits: 2, limit: 2, waitMs: 5000 })).release();
    const one = { permits: 1, limit: 1, waitMs: 5000 };
    await (await rival.permits('slots-by-grpc', one)).release();
    for (const name of ['chief', 'chief-by-http', 'chief-by-grpc'])
      await (await new Election(rival, name).campaign({ waitMs: 5000 })).resign();
    await (await rival.lock('by-http', { waitMs: 5000 })).release();
  });
});
