/** The OpenAPI document is valid, whole, and the same as what is served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Validator } from '@seriousme/openapi-schema-validator';
import { errorDefinitions } from '@holdfast/protocol';
import { startHarness } from '../harness.ts';
import { errorsDocument, metricsDocument } from '../../src/documents.ts';
import { routes } from '../../src/http/routes.ts';
import { openApiDocument } from '../../src/openapi/document.ts';
import { exampleOf } from '../../src/openapi/examples.ts';
import { compileCheck } from '../../src/validation/compile.ts';

type Json = Readonly<Record<string, unknown>>;
const document = openApiDocument('9.9.9') as Json;

function references(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' ? [String(inner)] : references(inner),
  );
}

test('the document is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
});

test('every reference leads somewhere, and every schema is referred to', () => {
  const { schemas } = document['components'] as { readonly schemas: Json };
  const wanted = new Set(
    references(document).map((ref) => ref.replace('#/components/schemas/', '')),
  );
  assert.deepEqual([...wanted].sort(), Object.keys(schemas).sort());
});

test('every path that is served is in the document, and the other way round', async (t) => {
  const { built, request } = startHarness(t);
  await built.app.ready();
  const paths = document['paths'] as Readonly<Record<string, Json>>;
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  for (const entry of documented) {
    const [method = '', path = ''] = entry.split(' ');
    const url = path.replaceAll(/\{([a-z_]+)\}/g, ':$1');
    assert.ok(built.app.hasRoute({ method, url }), entry);
  }
  const served = built.app.printRoutes({ commonPrefix: false, includeHooks: false });
  const servedCount = [...served.matchAll(/\(([A-Z, ]+)\)/g)]
    .flatMap((match) => (match[1] ?? '').split(', '))
    .filter((method) => method !== 'HEAD').length;
  // The files of the dashboard are of no use to programs.
  assert.ok(built.app.hasRoute({ method: 'GET', url: '/dashboard/:file' }));
  assert.equal(servedCount, documented.length + 1);
  assert.deepEqual((await request('GET', '/openapi.json')).body, document);
});

test('operation ids are unique, and every path tells its errors', () => {
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  const items = Object.values(paths).flatMap((methods) => Object.values(methods));
  const ids = items.map((item) => item['operationId']);
  assert.equal(new Set(ids).size, ids.length);
  for (const item of items) assert.ok('400' in (item['responses'] as Json));
});

test('the documents name every error code and the promised stats', () => {
  const errors = errorsDocument();
  for (const code of Object.keys(errorDefinitions)) assert.ok(errors.includes(`\`${code}\``), code);
  assert.match(metricsDocument(), /`lock_acquisitions_total` \| counter/);
});

test('every request and answer has an example that its schema takes', () => {
  let count = 0;
  for (const route of routes) {
    if (route.kind !== 'operation') continue;
    const { answerSchema, bodySchema, name } = route.operation;
    for (const schema of [answerSchema, bodySchema]) {
      const check = compileCheck<object>(schema);
      const example = exampleOf(schema);
      assert.ok(check.passes(example), `${name}: ${JSON.stringify(example)}`);
      count += 1;
    }
  }
  assert.ok(count > 100);
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  const body = paths['/locks/{name}/acquire']?.['post']?.['requestBody'] as {
    readonly content: Readonly<Record<string, { readonly example?: unknown }>>;
  };
  assert.deepEqual(body.content['application/json']?.example, {
    session_id: '3f0c9a52-8d0e-4a36-9b7a-2f1f3c1f6f10',
    wait_seconds: 10,
    ttl_seconds: 30,
    request_id: 17,
  });
});

test('it tells the proofs of callers, and what is answered without one', () => {
  const { securitySchemes } = document['components'] as { readonly securitySchemes: Json };
  const wanted = document['security'] as readonly Json[];
  assert.deepEqual(wanted.flatMap((one) => Object.keys(one)).sort(), Object.keys(securitySchemes));
  assert.ok(
    wanted.some((one) => Object.keys(one).length === 0),
    'authentication may be off',
  );
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  assert.deepEqual(paths['/livez']?.['get']?.['security'], []);
  assert.equal(paths['/locks']?.['get']?.['security'], undefined);
  for (const route of routes) {
    if (route.kind === 'relay') continue;
    const item = paths[route.path]?.[route.method.toLowerCase()];
    const isOpen = route.operation.declared.access.open === true;
    assert.deepEqual(item?.['security'], isOpen ? [] : undefined, route.path);
  }
});

test('answers may gain fields, requests have those that are known', () => {
  const { schemas } = document['components'] as { readonly schemas: Json };
  assert.doesNotMatch(JSON.stringify(schemas), /"additionalProperties":false/);
  assert.match(JSON.stringify(document['paths']), /"additionalProperties":false/);
});

test('a 503 of a probe is its own answer or a problem document', () => {
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  const responses = paths['/readyz']?.['get']?.['responses'] as Readonly<Record<string, Json>>;
  const { content } = responses['503'] as { readonly content: object };
  assert.deepEqual(Object.keys(content), ['application/json', 'application/problem+json']);
});

test('the document is compressed for those who take it so', async (t) => {
  const { built } = startHarness(t);
  const ask = (encoding: string) =>
    built.app.inject({ url: '/openapi.json', headers: { 'accept-encoding': encoding } });
  const whole = await ask('identity');
  assert.equal(whole.headers['content-encoding'], undefined);
  const small = await ask('br;q=1.0, gzip;q=0.8');
  assert.equal(small.headers['content-encoding'], 'gzip');
  assert.equal(small.headers['vary'], 'accept-encoding');
  assert.ok(small.rawPayload.byteLength * 5 < whole.rawPayload.byteLength);
  assert.equal(gunzipSync(small.rawPayload).toString(), whole.body);
  assert.equal((await ask('gzip;q=0')).headers['content-encoding'], undefined);
});
