import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { openTracing } from '../../../src/tracing/open-telemetry.ts';
import { tracesWanted } from '../../../src/tracing/wanted.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

describe('What OTEL_* says of traces (TRACES-1)', () => {
  it('is nothing without an endpoint or an exporter, and where they are switched off', () => {
    for (const environment of [
      {},
      { OTEL_SERVICE_NAME: 'locks' },
      { OTEL_TRACES_EXPORTER: 'none', ...endpoint },
      { OTEL_SDK_DISABLED: 'true', ...endpoint },
    ])
      assert.deepEqual(tracesWanted(environment), { wanted: undefined, warnings: [] });
  });

  it('is OTLP, by the defaults of the specification', () => {
    for (const environment of [endpoint, { OTEL_TRACES_EXPORTER: 'otlp' }])
      assert.deepEqual(tracesWanted(environment), {
        wanted: {
          sampler: { root: 'always_on', parentBased: true, ratio: 1 },
          scheduleDelayMs: 5000,
          maxQueueSize: 2048,
          serviceName: '',
          attributes: {},
        },
        warnings: [],
      });
  });

  it('reads sampler, queue and resource', () => {
    const { wanted, warnings } = tracesWanted({
      ...endpoint,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
      OTEL_SERVICE_NAME: 'locks',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=a%20b, bad, team = x',
    });
    assert.deepEqual(warnings, []);
    assert.deepEqual(wanted, {
      sampler: { root: 'traceidratio', parentBased: true, ratio: 0.25 },
      scheduleDelayMs: 100,
      maxQueueSize: 10,
      serviceName: 'locks',
      attributes: { 'deployment.environment': 'a b', team: 'x' },
    });
  });

  it('goes on with the default where a value is wrong, and tells it', () => {
    const { wanted, warnings } = tracesWanted({
      ...endpoint,
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_BSP_SCHEDULE_DELAY: '-1',
    });
    assert.deepEqual(wanted?.sampler, { root: 'always_on', parentBased: true, ratio: 1 });
    assert.equal(wanted?.scheduleDelayMs, 5000);
    assert.match(
      warnings.join('\n'),
      /OTEL_TRACES_SAMPLER is "sometimes".*\nOTEL_BSP_SCHEDULE_DELAY/,
    );
  });

  it('goes on without traces where what is asked for is not supported, and tells it', () => {
    for (const [environment, told] of [
      [{ OTEL_TRACES_EXPORTER: 'console' }, /"console".*without traces/],
      [{ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /"grpc".*without traces/],
    ] as const) {
      const { wanted, warnings } = tracesWanted(environment);
      assert.equal(wanted, undefined);
      assert.match(warnings.join(), told);
    }
  });
});

describe('Traces of a node', () => {
  const node = { nodeId: 'a', clusterId: 'c', version: '0.1.0' };
  const log = pino({ level: 'silent' });

  it('are none where nothing asks for them', async () => {
    assert.equal(await openTracing({}, node, log), undefined);
  });

  it('go on from the span of whoever called, with what it decided of sampling and its tracestate', async () => {
    const tracing = await openTracing({ ...endpoint, OTEL_BSP_MAX_QUEUE_SIZE: '1' }, node, log);
    assert.ok(tracing !== undefined);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const called = { traceparent: `00-${traceId}-b7ad6b7169203331-00`, tracestate: 'vendor=1' };
    const span = tracing.from(called).begin('holdfast.acquire', {});
    assert.match(
      span.context.traceparent,
      new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`),
    );
    assert.equal(span.context.tracestate, 'vendor=1');
    const beneath = span.begin('holdfast.commit', {});
    assert.ok(beneath.context.traceparent.startsWith(`00-${traceId}-`));
    assert.notEqual(beneath.context.traceparent, span.context.traceparent);
    const own = tracing.from(undefined).begin('holdfast.acquire', {});
    assert.ok(!own.context.traceparent.includes(traceId));
    await tracing.close();
  });
});
