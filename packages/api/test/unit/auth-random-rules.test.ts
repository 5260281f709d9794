/**
 * Random rules, with names and prefixes, and random requests over every interface, beside a naive model of the rules that is
 * written down from docs/security.md: what is admitted, what lists name, and what watches tell (DENY-1, RIGHTS-1, RIGHTS-2).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { operations } from '@holdfast/contract';
import type { Operation, Verb } from '@holdfast/contract';
import type { Command } from '@holdfast/state';
import * as fc from 'fast-check';
import { Principals, verdictOf } from '../principals.ts';
import type { Rule, Verdict } from '../principals.ts';
import { sampleOf } from '../samples.ts';
import { byEachPath, isOnGrpc, isRelayed, isStreamed, overGrpc, overPaths } from '../ways.ts';
import { overRelay, pathOf, Streams } from '../ways.ts';
import type { Ask } from '../ways.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

const seed = Number(process.env['SEED'] ?? 20_261_130);
const runs = Number(process.env['RUNS'] ?? 40);

// ---- the naive model ----------------------------------------------------------------------------

interface Wanted {
  readonly verb: Verb;
  readonly kind: string;
  /** Undefined: all of the kind. */
  readonly name: string | undefined;
}

/** A rule of `admin` permits every verb; one of a name or a prefix nothing that names nothing. */
function permits(rule: Rule, { verb, kind, name }: Wanted): boolean {
  if (rule.verb !== verb && rule.verb !== 'admin') return false;
  if (rule.kind !== undefined && rule.kind !== kind) return false;
  if (rule.name !== undefined) return name === rule.name;
  if (rule.prefix === undefined || rule.prefix === '') return true;
  return name?.startsWith(rule.prefix) === true;
}

const mayOf =
  (rules: readonly Rule[]) =>
  (wanted: Wanted): boolean =>
    rules.some((rule) => permits(rule, wanted));

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Each of what a request would do something with. */
function wantedBy({ access, name: operation }: Operation, body: object): readonly Wanted[] {
  const { verb } = access;
  const given = new Map<string, unknown>(Object.entries(body));
  const named = (field: string): string | undefined => textOf(given.get(field));
  const { if_held: held, resources } = Object.fromEntries(given);
  if (operation === 'acquire_many' && Array.isArray(resources))
    return (resources as readonly { readonly name: string; readonly kind?: string }[]).map(
      ({ name, kind = 'lock' }) => ({ verb, kind, name }),
    );
  if (access.resource === 'queue')
    return [{ verb, kind: 'queue', name: named('queue') ?? access.whenUnnamed }];
  if (access.resource === 'cache') {
    const write = { verb, kind: 'cache', name: named('key') ?? named('k') };
    if (typeof held !== 'object' || held === null) return [write];
    const resource = 'resource' in held ? textOf(held.resource) : undefined;
    return [write, { verb: 'acquire', kind: 'held', name: resource }];
  }
  const choosesKind = ['force_release', 'watch', 'events'].includes(operation);
  const kind = (choosesKind ? named('kind') : undefined) ?? access.resource;
  const isOfOne = !['cluster', 'auth', 'node', 'session'].includes(kind);
  return [{ verb, kind, name: isOfOne ? named('name') : undefined }];
}

function naively(rules: readonly Rule[], declared: Operation, body: object): Verdict {
  const { access } = declared;
  const may = mayOf(rules);
  const isPermitted = (wanted: Wanted): boolean => {
    const { verb, kind, name } = wanted;
    if (access.open === true) return true;
    // Whoever may do something may have a session, and has to find the nodes.
    if (kind === 'session' || (kind === 'cluster' && verb === 'read')) return rules.length > 0;
    if (kind === 'held')
      return ['lock', 'semaphore', 'election'].some((one) => may({ ...wanted, kind: one }));
    // Of events, and of lists, that alone is told which one may read: something of it is enough.
    if (kind === 'event') return rules.some((rule) => [verb, 'admin'].includes(rule.verb));
    if (access.filtered !== true || name !== undefined) return may(wanted);
    return rules.some(
      (rule) =>
        [verb, 'admin'].includes(rule.verb) && (rule.kind === undefined || rule.kind === kind),
    );
  };
  return wantedBy(declared, body).every((wanted) => isPermitted(wanted)) ? 'admitted' : 'forbidden';
}

// ---- what is drawn ------------------------------------------------------------------------------

const names = ['a', 'a/', 'a/b', 'a/bc', 'ab', 'b', 'b/é', 'default', 'A'];
const verbs: readonly Verb[] = [
  'read',
  'acquire',
  'manage',
  'push',
  'consume',
  'cache_read',
  'cache_write',
];
const named = ['lock', 'semaphore', 'election', 'barrier', 'latch', 'queue', 'cache'];
const unnamed = ['session', 'cluster', 'node', 'auth'];

const ofWhich = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...names).map((name) => ({ name })),
  fc.constantFrom(...names, 'a/b/c', '').map((prefix) => ({ prefix })),
);
const ofKind = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 6, arbitrary: fc.constantFrom(...named).map((kind) => ({ kind })) },
  { weight: 1, arbitrary: fc.constantFrom(...unnamed).map((kind) => ({ kind })) },
);
const verb = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...verbs) },
  { weight: 1, arbitrary: fc.constant<Verb>('admin') },
);
const rule: fc.Arbitrary<Rule> = fc
  .record({ verb, ofKind, ofWhich })
  .map(({ verb, ofKind, ofWhich }) => ({ verb, ...ofKind, ...ofWhich }));

/** It would change the rules under which all that follow are asked. */
const changesRules = ({ name, access }: Operation): boolean =>
  access.resource === 'auth' && access.verb === 'admin' && name !== 'auth_check';
const asked = operations.filter((declared) => !changesRules(declared));

const heldKinds = ['lock', 'semaphore', 'election'];
const one = fc.constantFrom(...names);

/** What a request names beside what its sample has. */
function fieldsOf(declared: Operation): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const { fields } = declared.request;
  const drawn: Record<string, fc.Arbitrary<unknown>> = {};
  const isOptional = (field: string): boolean => fields[field]?.[1].optional === true;
  for (const field of ['name', 'queue', 'k', ...(declared.name === 'cache_set' ? ['key'] : [])])
    if (field in fields)
      drawn[field] = isOptional(field) ? fc.option(one, { nil: undefined }) : one;
  const { name } = declared;
  if ('wait_seconds' in fields) drawn['wait_seconds'] = fc.constant(0);
  if (name === 'force_release')
    drawn['kind'] = fc.option(fc.constantFrom(...heldKinds), { nil: undefined });
  if (name === 'watch' || name === 'events')
    drawn['kind'] = fc.option(fc.constantFrom(...named.slice(0, 5)), { nil: undefined });
  if (name === 'auth_check') drawn['name'] = fc.constant(undefined);
  if ('if_held' in fields)
    drawn['if_held'] = fc.option(
      one.map((resource) => ({ resource, fence_token: 1 })),
      { nil: undefined },
    );
  if (name === 'acquire_many') {
    const kind = fc.constantFrom(undefined, 'lock', 'semaphore');
    const wanted = fc.record({ name: one, kind }).map((drawn) => withoutUndefined(drawn));
    drawn['resources'] = fc.array(wanted, { minLength: 1, maxLength: 3 });
  }
  return fc.record(drawn).map((some) => withoutUndefined({ ...sampleOf(declared), ...some }));
}

const withoutUndefined = (fields: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** More often one with a condition on a hold: it asks for two kinds at once. */
const conditional = asked.filter(({ request: { fields } }) => 'if_held' in fields);
const request = fc
  .constantFrom(...asked, ...conditional, ...conditional, ...conditional)
  .chain((declared) => fieldsOf(declared).map((body) => ({ declared, body })));

// ---- what is asked ------------------------------------------------------------------------------

interface Ways {
  readonly path: Ask;
  readonly relay: Ask;
  readonly stream: Ask;
  readonly grpc: Ask;
}

function waysFor(ways: Ways, declared: Operation): readonly (readonly [string, Ask])[] {
  return [
    ...byEachPath(declared).map((one): readonly [string, Ask] => [
      pathOf(one),
      (_declared, body, key) => ways.path(one, body, key),
    ]),
    ...(isRelayed(declared) ? [['relay', ways.relay] as const] : []),
    ...(isStreamed(declared) ? [['stream', ways.stream] as const] : []),
    ...(isOnGrpc(declared) ? [['gRPC', ways.grpc] as const] : []),
  ];
}

/** Something of some kinds under every name, so that lists and events have something to tell. */
async function populate({ engine }: GrpcHarness): Promise<void> {
  const sessionId = 'owner' as never;
  const terms = { sessionId, waitMs: 0, acquiredAtMs: 1 };
  const commands: Command[] = [
    {
      type: 'create_session',
      sessionId,
      clientId: 'c',
      timeoutMs: 60_000,
      lockDelayMs: 0,
      createdAtMs: 1,
    },
    ...names.flatMap((text, index): Command[] => {
      const name = text as never;
      return [
        { type: 'acquire', ...terms, name, mode: 'exclusive', requestId: 2 * index + 1 },
        { type: 'campaign', ...terms, name, requestId: 2 * index + 2 },
        { type: 'create_semaphore', name, limit: 3 },
        { type: 'create_latch', name, count: 3 },
      ];
    }),
  ];
  for (const command of commands) {
    const by = { identity: 'root', authorizedAt: engine.revision };
    const result = await engine.submit(command, by);
    assert.ok(result.ok, JSON.stringify(result));
  }
}

interface World {
  readonly harness: GrpcHarness;
  readonly principals: Principals;
  readonly streams: Streams;
  readonly ways: Ways;
}

async function worldOf(t: TestContext): Promise<World> {
  const limits = { maxWrongKeysPerSecondPerAddress: 0 };
  const harness = await startGrpcHarness(t, { limits }, false);
  const principals = await Principals.of(harness.engine);
  const streams = await Streams.of(harness, t);
  const ways = {
    path: overPaths(harness, streams.url),
    relay: overRelay(harness),
    stream: streams.ask,
    grpc: overGrpc(harness),
  };
  await populate(harness);
  return { harness, principals, streams, ways };
}

/** They are of the identity that asks, and of nobody else. */
const ruled = (rules: readonly Rule[]): Parameters<Principals['grant']>[0] =>
  rules.map((rule) => ({ role: 'the-rule', rule }));

/** One that makes a difference to one of these requests more often than any other. */
const ruleAbout = (requests: readonly { readonly declared: Operation }[]): fc.Arbitrary<Rule> =>
  fc
    .record({ about: fc.constantFrom(...requests), ofWhich })
    .map(({ about: { declared }, ofWhich }) => {
      const { verb, resource } = declared.access;
      return { verb, ...(resource === 'event' ? {} : { kind: resource }), ...ofWhich };
    });

const ruleSet = fc.array(rule, { maxLength: 4 });

test(`random requests are admitted as a naive model says, on every interface (SEED=${String(seed)})`, async (t) => {
  const { principals, ways } = await worldOf(t);
  const key = principals.key('the rule');
  const seen = new Set<string>();
  const one = fc.array(request, { minLength: 6, maxLength: 6 }).chain((requests) =>
    fc.record({
      requests: fc.constant(requests),
      rules: fc.array(fc.oneof(rule, ruleAbout(requests)), { maxLength: 4 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(one, async ({ rules, requests }) => {
      await principals.grant(ruled(rules));
      for (const { declared, body } of requests) {
        const expected = naively(rules, declared, body);
        seen.add(expected);
        for (const [way, ask] of waysFor(ways, declared)) {
          const code = await ask(declared, body, key);
          const told = `${declared.name} ${JSON.stringify(body)} by ${way}: ${String(code)}`;
          assert.equal(verdictOf(code), expected, told);
        }
      }
    }),
    { seed, numRuns: runs },
  );
  assert.deepEqual([...seen].toSorted(), ['admitted', 'forbidden']);
});

// ---- what is told -------------------------------------------------------------------------------

/** What an answer or an event is about. */
interface Told {
  readonly kind: string;
  readonly resource: string;
}

const textsOf = (told: readonly Told[]): readonly string[] =>
  told.map(({ kind, resource }) => `${kind} ${resource}`);

const eventsIn = (body: object): readonly Told[] =>
  ('events' in body ? body.events : []) as readonly Told[];

/** What a watch over the stream tells first, after the beginning of all. */
async function overStream({ streams, principals }: World): Promise<readonly Told[]> {
  const client = await streams.with(principals.key('the rule'));
  const before = client.pushes.length;
  const watching = await client.call('watch', { after: '0' });
  assert.equal(watching.failed, false, JSON.stringify(watching.body));
  const { watch_id } = watching.body;
  // Its pushes come before the answer of what is asked after it.
  await client.call('ping', {});
  await client.call('unwatch', { watch_id });
  const pushed = client.pushes.slice(before).filter(([kind]) => kind === 'watch');
  return pushed.flatMap(([, body]) => (body['watch_id'] === watch_id ? eventsIn(body) : []));
}

const lowerCase = ({ kind, resource }: Told): Told => ({
  kind: kind.replace('WATCHED_KIND_', '').toLowerCase(),
  resource,
});

/** The first so many; whatever is told beside them would stand among them, for they are told in order. */
async function onGrpc({ harness, principals }: World, count: number): Promise<readonly Told[]> {
  const headers = principals.headers('the rule');
  const reading = harness.read('Events.Watch', { after: '0' }, headers);
  const told: Told[] = [];
  while (told.length < count) {
    const message = await reading.next();
    assert.ok(message !== undefined, String(reading.error));
    told.push(...eventsIn(message));
  }
  reading.call.cancel();
  return told.map(lowerCase);
}

async function bySentEvents(
  { streams, principals }: World,
  count: number,
): Promise<readonly Told[]> {
  const leaving = new AbortController();
  const headers = principals.headers('the rule');
  const answer = await fetch(`${streams.url}/watch?after=0`, { headers, signal: leaving.signal });
  assert.equal(answer.status, 200);
  let text = '';
  const told = (): readonly Told[] =>
    [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data) as Told);
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (told().length >= count) break;
  }
  leaving.abort();
  return told();
}

const listed = ['locks', 'elections', 'semaphores', 'latches'] as const;
const kindOf = { locks: 'lock', elections: 'election', semaphores: 'semaphore', latches: 'latch' };

test(`lists and watches name what a naive model says that their caller may read (SEED=${String(seed)})`, async (t) => {
  const world = await worldOf(t);
  const { harness, principals, streams } = world;
  await principals.grant(ruled([{ verb: 'read' }]));
  const headers = principals.headers('the rule');
  const told = async (url: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await harness.request('GET', url, undefined, headers);
    return answer.status === 200 ? answer.body : { code: answer.body['code'] };
  };
  const all = eventsIn(await told('/events?after=0&limit=1000'));
  assert.equal(all.length, 4 * names.length);
  assert.ok(streams);
  await fc.assert(
    fc.asyncProperty(ruleSet, async (rules) => {
      await principals.grant(ruled(rules));
      const may = mayOf(rules);
      for (const which of listed) {
        const kind = kindOf[which];
        const isSome = rules.some(
          (rule) =>
            ['read', 'admin'].includes(rule.verb) &&
            (rule.kind === undefined || rule.kind === kind),
        );
        const expected = names.filter((name) => may({ verb: 'read', kind, name })).toSorted();
        const body = await told(`/${which}`);
        const rows = body[which] as readonly { readonly resource?: string }[] | undefined;
        if (!isSome) assert.equal(body['code'], 'forbidden', which);
        else assert.deepEqual(rows?.map(({ resource }) => resource).toSorted(), expected, which);
      }
      if (!rules.some(({ verb }) => verb === 'read' || verb === 'admin')) return;
      const expected = textsOf(
        all.filter(({ kind, resource }) => may({ verb: 'read', kind, name: resource })),
      );
      const page = eventsIn(await told('/events?after=0&limit=1000'));
      assert.deepEqual(textsOf(page), expected, 'a page');
      assert.deepEqual(textsOf(await overStream(world)), expected, 'on the stream');
      const { length } = expected;
      assert.deepEqual(textsOf(await onGrpc(world, length)), expected, 'on gRPC');
      assert.deepEqual(textsOf(await bySentEvents(world, length)), expected, 'by sent events');
    }),
    { seed, numRuns: Math.ceil(runs / 2) },
  );
});
