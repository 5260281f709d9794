/**
 * Spans of calls by the API of OpenTelemetry. The program hands its `@opentelemetry/api` in, so this package depends on nothing:
 * what is used of it is written down here, and tests hold it against the real one.
 *
 * CLIENT-TRACE-1: a span tells which operation it was and the code that it failed with, and nothing that the program gave: no
 *     name, no value, no key.
 * CLIENT-TRACE-2: keepalives, and what only the connection needs, have no span.
 */
import type { ClientSpan, ClientTracing } from './tracing.ts';

export type { ClientSpan, ClientTracing } from './tracing.ts';

/** As much of a span of OpenTelemetry as is used. */
export interface OpenTelemetrySpan {
  spanContext(): OpenTelemetrySpanContext;
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { readonly code: number }): unknown;
  end(): void;
}

/** What tells where a span belongs. */
export interface OpenTelemetrySpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: { serialize(): string } | undefined;
}

/** As much of a tracer as is used. */
export interface OpenTelemetryTracer {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly attributes: Readonly<Record<string, string>> },
  ): OpenTelemetrySpan;
}

/** As much of `@opentelemetry/api` as is used. */
export interface OpenTelemetryApi {
  readonly trace: { getTracer(name: string): OpenTelemetryTracer };
  readonly SpanKind: { readonly CLIENT: number };
  readonly SpanStatusCode: { readonly ERROR: number };
}

/** CLIENT-TRACE-2. */
const quiet: ReadonlySet<string> = new Set(['ping', 'keepalive', 'cache_dropped', 'unwatch']);

/**
 * For `connect({ ..., tracing: openTelemetry(api) })`. A span belongs to the one that is active where the call is made.
 *
 * @param api The program's `@opentelemetry/api`, whose tracer provider the program has set.
 * @example
 * import * as api from '@opentelemetry/api';
 * const client = await connect({ endpoints, tracing: openTelemetry(api) });
 */
export function openTelemetry(api: OpenTelemetryApi): ClientTracing {
  const tracer = api.trace.getTracer('@holdfast/client');
  return {
    begin(operation) {
      if (quiet.has(operation)) return undefined;
      // CLIENT-TRACE-1
      const span = tracer.startSpan(`holdfast.${operation}`, {
        kind: api.SpanKind.CLIENT,
        attributes: { 'holdfast.operation': operation },
      });
      const context = contextOf(span.spanContext());
      return context === undefined ? undefined : spanOf(span, context, api);
    },
  };
}

function spanOf(
  span: OpenTelemetrySpan,
  context: ClientSpan['context'],
  { SpanStatusCode }: OpenTelemetryApi,
): ClientSpan {
  return {
    context,
    end(errorCode) {
      if (errorCode !== undefined) {
        span.setAttribute('error.type', errorCode);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

/** As W3C Trace Context writes it. Undefined: the program has set no tracer provider. */
function contextOf(told: OpenTelemetrySpanContext): ClientSpan['context'] | undefined {
  if (/^0*$/.test(told.traceId)) return undefined;
  const flags = told.traceFlags.toString(16).padStart(2, '0');
  const traceparent = `00-${told.traceId}-${told.spanId}-${flags}`;
  const tracestate = told.traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}
