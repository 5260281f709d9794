/** One trace from the client to the state machine, through each interface, as a receiver of OTLP gets it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { connect } from '@holdfast/client';
import { openTelemetry } from '@holdfast/client/opentelemetry';
import * as api from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { threeNodes } from './support/cluster.ts';
import type { TestCluster } from './support/cluster.ts';
import { OtlpReceiver } from './support/otlp-receiver.ts';
import type { ReceivedSpan } from './support/otlp-receiver.ts';
import { untilSo } from '../../../checker/src/waits.ts';

let receiver: OtlpReceiver;
let nodes: TestCluster;
let provider: TracerProvider;

before(async () => {
  receiver = await OtlpReceiver.start();
  provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'a-program' }),
    spanProcessors: [
      new SimpleSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` }),
      }),
    ],
  });
  api.trace.setGlobalTracerProvider(provider);
  nodes = await threeNodes({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '20',
  });
});

after(async () => {
  await provider.shutdown();
  await nodes[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const acquired = ['holdfast.acquire', 'holdfast.acquire', 'holdfast.commit', 'holdfast.apply'];

/** The span of a client, and the three of nodes beneath it. */
function assertChain(spans: readonly ReceivedSpan[]): void {
  const client = spans.find(({ kind }) => kind === 3);
  const commit = spans.find(({ name }) => name === 'holdfast.commit');
  // A client that moves to the leader asks there again what it has asked a follower: the chain is that of the copy that was committed.
  const server = spans.find(
    ({ service, name, spanId }) =>
      service === 'holdfast' && name.endsWith('acquire') && spanId === commit?.parentSpanId,
  );
  const apply = spans.find(({ name }) => name === 'holdfast.apply');
  assert.ok(client && server && commit && apply, JSON.stringify(spans));
  assert.equal(client.service, 'a-program');
  assert.equal(server.parentSpanId, client.spanId);
  assert.equal(server.kind, 2);
  assert.equal(commit.parentSpanId, server.spanId);
  assert.equal(apply.parentSpanId, commit.spanId);
  assert.deepEqual(server.attributes, { 'holdfast.operation': 'acquire' });
  assert.deepEqual(apply.attributes, { 'holdfast.command': 'acquire' });
}

/** Of the latest acquire of this program. */
async function traceOfAcquire(): Promise<readonly ReceivedSpan[]> {
  await provider.forceFlush();
  const asked = receiver.spans.findLast(
    ({ service, name }) => service === 'a-program' && name === 'holdfast.acquire',
  );
  assert.ok(asked, 'the client has sent no span');
  let spans = await receiver.trace(asked.traceId, acquired);
  // A span is sent when it has ended, perhaps after those beneath it.
  while (!spans.every(({ parentSpanId }) => isAmong(spans, parentSpanId))) {
    await receiver.more();
    spans = receiver.spans.filter(({ traceId }) => traceId === asked.traceId);
  }
  return spans;
}

const isAmong = (spans: readonly ReceivedSpan[], id: string): boolean =>
  id === '' || spans.some(({ spanId }) => spanId === id);

describe('A trace', () => {
  for (const transport of ['stream', 'http'] as const)
    it(`goes from the client through ${transport} to the state machine`, async () => {
      await using client = await connect({
        endpoints: nodes.cluster.urls,
        transport,
        tracing: openTelemetry(api),
      });
      await using session = await client.session();
      await using hold = await session.lock(`private name over ${transport}`);
      hold.assertHeld();
      assertChain(await traceOfAcquire());
    });

  it('goes from metadata of gRPC through a follower to the state machine of the leader', async () => {
    const leader = await nodes.cluster.leader();
    const follower = nodes.cluster.nodes.find(({ nodeId }) => nodeId !== leader);
    assert.ok(follower);
    const span = api.trace
      .getTracer('test')
      .startSpan('holdfast.acquire', { kind: api.SpanKind.CLIENT });
    const { traceId, spanId } = span.spanContext();
    const metadata = new Metadata();
    metadata.set('traceparent', `00-${traceId}-${spanId}-01`);
    await acquireByGrpc(follower.grpcAddress, metadata);
    span.end();
    const spans = await traceOfAcquire();
    assertChain(spans);
    const nodeOf = (name: string): string | undefined =>
      spans.find((one) => one.service === 'holdfast' && one.name === name)?.node;
    assert.equal(nodeOf('holdfast.acquire'), follower.nodeId);
    assert.equal(nodeOf('holdfast.commit'), leader);
  });

  it('tells a refusal by its code, and no name and no value', async () => {
    const [url = ''] = nodes.cluster.urls;
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      tracestate: 'vendor=1',
    };
    const body = JSON.stringify({ client_id: 'other', metadata: { private: 'value' } });
    const ask = (): Promise<Response> =>
      fetch(`${url}/locks/private%20name/acquire`, { method: 'POST', headers, body });
    await ask();
    await (await ask()).text();
    await receiver.trace(traceId, ['holdfast.acquire', 'holdfast.acquire']);
    const codes = receiver.spans.filter((span) => span.traceId === traceId);
    assert.ok(
      codes.some(({ attributes }) => attributes['error.type'] === 'lock_held'),
      receiver.text,
    );
    assert.doesNotMatch(receiver.text, /private|other|client-/);
  });

  it('begins none of its own for keepalives and probes', async () => {
    const [url = ''] = nodes.cluster.urls;
    await fetch(`${url}/readyz`);
    await fetch(`${url}/locks`);
    // What comes later was begun later.
    await receiver.trace((await untilSpan('holdfast.list_locks')).traceId, ['holdfast.list_locks']);
    assert.ok(!receiver.spans.some(({ name }) => /keepalive|health|ready/.test(name)));
  });
});

/** The first of a node by this name that has no caller. */
async function untilSpan(name: string): Promise<ReceivedSpan> {
  const what = `a span ${name} has come`;
  const look = async (): Promise<ReceivedSpan | undefined> => {
    const found = receiver.spans.find((span) => span.name === name && span.parentSpanId === '');
    if (found === undefined) await receiver.more();
    return found;
  };
  return untilSo(look, { what, longestMs: 10_000 });
}

function acquireByGrpc(address: string, metadata: Metadata): Promise<object> {
  const folder = fileURLToPath(new URL('../../../../proto', import.meta.url));
  const definition = loadSync('holdfast/v1/locks.proto', { includeDirs: [folder], keepCase: true });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly holdfast: { readonly v1: { readonly Locks: ServiceClientConstructor } };
  };
  const client = new loaded.holdfast.v1.Locks(address, credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const asked = { name: 'private name of gRPC', client_id: 'a' };
  client['Acquire']?.(asked, metadata, (error: ServiceError | null, answer: object) => {
    client.close();
    if (error === null) resolve(answer);
    else reject(error);
  });
  return promise;
}
