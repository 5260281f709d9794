/**
 * Spans of calls by the API of OpenTelemetry. The program hands its `@opentelemetry/api` in, so this package depends on nothing:
 * what is used of it is written down here, and tests hold it against the real one.
 *
 * CLIENT-TRACE-1: a span tells which operation it was and the code that it failed with, and nothing that the program gave: no
 *     name, no value, no key.
 * CLIENT-TRACE-2: keepalives, and what only the connection needs, have no span.
 */
import { untraced } from '@holdfast/protocol';
import type { ClientSpan, ClientTracing } from './tracing.ts';

export type { ClientSpan, ClientTracing } from './tracing.ts';

/** As much of a span of OpenTelemetry as is used. */
export interface OpenTelemetrySpan {
  /** Its place in a trace. */
  spanContext(): OpenTelemetrySpanContext;
  /** Adds what is known of it. */
  setAttribute(key: string, value: string): unknown;
  /** Marks it as failed. */
  setStatus(status: {
    /** One of `SpanStatusCode`. */
    readonly code: number;
  }): unknown;
  /** It is over. */
  end(): void;
}

/** What tells where a span belongs. */
export interface OpenTelemetrySpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** 1: it is sampled. */
  readonly traceFlags: number;
  /** What vendors add. */
  readonly traceState?:
    | {
        /** As a header has it. */
        serialize(): string;
      }
    | undefined;
}

/** What a span is begun with. */
export interface OpenTelemetrySpanOptions {
  /** One of `SpanKind`. */
  readonly kind: number;
  /** What is known of it from the start. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** As much of a tracer as is used. */
export interface OpenTelemetryTracer {
  /** Begins a span beneath the active one. */
  startSpan(name: string, options: OpenTelemetrySpanOptions): OpenTelemetrySpan;
}

/** As much of `@opentelemetry/api` as is used. */
export interface OpenTelemetryApi {
  /** Gives tracers. */
  readonly trace: {
    /** By the name of who uses it. */
    getTracer(name: string): OpenTelemetryTracer;
  };
  /** What a span is of. */
  readonly SpanKind: {
    /** Of a call. */
    readonly CLIENT: number;
  };
  /** How it ended. */
  readonly SpanStatusCode: {
    /** It failed. */
    readonly ERROR: number;
  };
}

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
      if (untraced.has(operation)) return undefined; // CLIENT-TRACE-2
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
