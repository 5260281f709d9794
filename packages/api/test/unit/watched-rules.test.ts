/** What a watch tells while the rules of its caller change: of each event it is asked what the caller may read then (DENY-1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { untilSo } from '../../../checker/src/waits.ts';
import { Principals } from '../principals.ts';
import type { Rule } from '../principals.ts';
import { Streams } from '../ways.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

interface Watch {
  readonly of: string;
  /** The names that it has told. */
  readonly told: () => readonly string[];
}

const namesIn = (body: object): readonly string[] =>
  (('events' in body ? body.events : []) as readonly { readonly resource: string }[]).map(
    ({ resource }) => resource,
  );

async function bySentEvents(
  url: string,
  headers: Readonly<Record<string, string>>,
  t: TestContext,
): Promise<Watch> {
  const leaving = new AbortController();
  t.after(() => leaving.abort());
  const answer = await fetch(`${url}/watch?after=0`, { headers, signal: leaving.signal });
  assert.equal(answer.status, 200);
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? [])
      text += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  read().catch(() => undefined);
  const told = (): readonly string[] =>
    [...text.matchAll(/"resource":"([^"]*)"/g)].map(([, name = '']) => name);
  return { of: 'sent events', told };
}

async function overStream(streams: Streams, key: string | undefined): Promise<Watch> {
  const client = await streams.with(key);
  const watching = await client.call('watch', { after: '0' });
  assert.equal(watching.failed, false, JSON.stringify(watching.body));
  const told = (): readonly string[] =>
    client.pushes.flatMap(([kind, body]) => (kind === 'watch' ? namesIn(body) : []));
  return { of: 'client stream', told };
}

function onGrpc({ read }: GrpcHarness, headers: Readonly<Record<string, string>>): Watch {
  const reading = read('Events.Watch', { after: '0' }, headers);
  const names: string[] = [];
  const follow = async (): Promise<void> => {
    for (let message = await reading.next(); message !== undefined; message = await reading.next())
      names.push(...namesIn(message));
  };
  void follow();
  return { of: 'gRPC', told: () => names };
}

test('an open watch tells what its caller may read at the time, on every interface (DENY-1)', async (t) => {
  const harness = await startGrpcHarness(t, {}, false);
  const principals = await Principals.of(harness.engine);
  const streams = await Streams.of(harness, t);
  const role = 'the-rule';
  const under = (prefix: string): Rule => ({ verb: 'read', kind: 'latch', prefix });
  await principals.grant(['a', 'b'].map((prefix) => ({ role, rule: under(prefix) })));
  const headers = principals.headers('the rule');
  const watches = [
    await bySentEvents(streams.url, headers, t),
    await overStream(streams, principals.key('the rule')),
    onGrpc(harness, headers),
  ];
  /** Each is told in its order: when the last one has been told, all before it were looked at. */
  const happens = async (names: readonly string[], last: string): Promise<void> => {
    for (const name of names) {
      const by = { identity: 'root', authorizedAt: harness.engine.revision };
      const create = { type: 'create_latch', name: name as never, count: 1 } as const;
      const result = await harness.engine.submit(create, by);
      assert.ok(result.ok, JSON.stringify(result));
    }
    await untilSo(() => watches.every(({ told }) => told().includes(last)), {
      what: () => `${last} is told: ${watches.map(({ told }) => told().join(',')).join(' | ')}`,
      longestMs: 60_000,
    });
  };
  await happens(['a1', 'c1', 'b1'], 'b1');
  await principals.change({ type: 'auth_withdraw', role, rule: under('b') });
  await happens(['b2', 'a2'], 'a2');
  await principals.change({ type: 'auth_grant', role, rule: under('b') });
  await happens(['c2', 'b3'], 'b3');
  assert.deepEqual(
    Object.fromEntries(watches.map(({ of, told }) => [of, told()])),
    Object.fromEntries(watches.map(({ of }) => [of, ['a1', 'b1', 'a2', 'b3']])),
  );
});
