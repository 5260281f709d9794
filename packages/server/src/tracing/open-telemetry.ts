/**
 * Traces by OpenTelemetry's SDK, which is read only where the environment asks for traces: its packages are optional.
 *
 * SPAN-1: what waits to be sent is bounded, and dropped where nobody takes it; no call waits for it.
 * SPAN-2: the SDK is this node's own: nothing is registered for the whole process.
 */
import type { Attributes, Context, DiagLogger, Span, SpanKind, Tracer } from '@opentelemetry/api';
import type * as OpenTelemetry from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-trace';
import { errorDefinitions, isErrorCode } from '@holdfast/protocol';
import type {
  SpanAttributes,
  TraceContext,
  TraceParent,
  TraceSpan,
  Tracing,
} from '@holdfast/protocol';
import type { Logger } from 'pino';
import { tracesWanted } from './wanted.ts';
import type { WantedTraces } from './wanted.ts';

type Api = typeof OpenTelemetry;

const packages =
  '@opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/exporter-trace-otlp-http';
const closeMs = 1000;
/** What goes wrong with sending is told so often at most. */
const warnEveryMs = 60_000;

export interface NodeTracing extends Tracing {
  /** Sends what is left, within a second. */
  close(): Promise<void>;
}

export interface TracedNode {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly version: string;
}

/** Undefined: the environment asks for none, or they cannot be had (TRACES-1 of wanted.ts). */
export async function openTracing(
  environment: Readonly<Record<string, string | undefined>>,
  node: TracedNode,
  log: Logger,
): Promise<NodeTracing | undefined> {
  const { wanted, warnings } = tracesWanted(environment);
  for (const warning of warnings) log.warn({}, warning);
  if (wanted === undefined) return undefined;
  try {
    return await open(wanted, node, log);
  } catch (error) {
    log.warn(
      { error: String(error) },
      `OTEL_* asks for traces, and the SDK of OpenTelemetry cannot be loaded. This node goes on without traces. Install it beside the server: npm install ${packages}`,
    );
    return undefined;
  }
}

async function open(wanted: WantedTraces, node: TracedNode, log: Logger): Promise<NodeTracing> {
  const [api, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  api.diag.setLogger(rareWarnings(log), api.DiagLogLevel.WARN);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes(attributesOf(wanted, node)),
    sampler: samplerOf(sdk, wanted.sampler),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        scheduledDelayMillis: wanted.scheduleDelayMs,
        maxQueueSize: wanted.maxQueueSize, // SPAN-1
      }),
    ],
  });
  const tracer = provider.getTracer('holdfast', node.version); // SPAN-2
  log.info({ packages }, 'Traces of operations are sent, as OTEL_* says.');
  return {
    from: (context) => parentOf(api, tracer, context),
    async close() {
      const tooLong = new Promise<void>((resolve) => {
        setTimeout(resolve, closeMs).unref();
      });
      await Promise.race([provider.shutdown().catch(() => undefined), tooLong]);
    },
  };
}

function attributesOf(wanted: WantedTraces, node: TracedNode): Attributes {
  return {
    ...wanted.attributes,
    'service.name': wanted.serviceName || wanted.attributes['service.name'] || 'holdfast',
    'service.version': node.version,
    'service.instance.id': node.nodeId,
    'holdfast.cluster_id': node.clusterId,
  };
}

function samplerOf(
  sdk: typeof Sdk,
  { root, parentBased, ratio }: WantedTraces['sampler'],
): Sdk.Sampler {
  const samplers = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(ratio),
  };
  const sampler = samplers[root]();
  return parentBased ? new sdk.ParentBasedSampler({ root: sampler }) : sampler;
}

/** Of the SDK. */
function rareWarnings(log: Logger): DiagLogger {
  let nextMs = 0;
  const warn = (message: string): void => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + warnEveryMs;
    log.warn({ opentelemetry: message.slice(0, 500) }, 'Traces could not be sent.');
  };
  const ignore = (): void => undefined;
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
}

// ---- spans --------------------------------------------------------------------------------------

/** Of whoever called: in another process, or nobody. */
function parentOf(api: Api, tracer: Tracer, told: TraceContext | undefined): TraceParent {
  const parent = told === undefined ? api.ROOT_CONTEXT : contextOf(api, told);
  return {
    begin: (name, attributes) =>
      begun({ api, tracer, parent }, name, attributes, api.SpanKind.SERVER),
  };
}

interface Beneath {
  readonly api: Api;
  readonly tracer: Tracer;
  readonly parent: Context;
}

function begun(
  { api, tracer, parent }: Beneath,
  name: string,
  attributes: SpanAttributes,
  kind: SpanKind,
): TraceSpan {
  const span = tracer.startSpan(name, { kind, attributes }, parent);
  return {
    context: toldOf(span),
    begin: (childName, own) =>
      begun(
        { api, tracer, parent: api.trace.setSpan(parent, span) },
        childName,
        own,
        api.SpanKind.INTERNAL,
      ),
    end(errorCode) {
      if (errorCode !== undefined) {
        span.setAttribute('error.type', errorCode);
        if (isFault(errorCode)) span.setStatus({ code: api.SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

/** A refusal is an answer like others, and no fault of the node: only what a 5xx of HTTP tells is one. */
const isFault = (code: string): boolean =>
  isErrorCode(code) && errorDefinitions[code].status >= 500;

function contextOf(api: Api, { traceparent, tracestate }: TraceContext): Context {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & api.TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: api.createTraceState(tracestate) }),
  });
}

function toldOf(span: Span): TraceContext {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}
