/**
 * What traces are to whoever takes part in them: a context that crosses the wire, and spans that somebody else records.
 * Nothing here knows OpenTelemetry. Where tracing is off there is none of these objects, and nothing is done for a call but
 * to see that.
 *
 * TRACE-1: what comes from outside as a context is a `traceparent` of W3C Trace Context and a `tracestate` of bounded length,
 *     or nothing: a wrong one is left out, and no request fails by it.
 */

/** Where a span belongs, as it crosses the wire: the headers of W3C Trace Context, by their names. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Attributes of spans are told by operation, command and error code: never by what a caller wrote. */
export type SpanAttributes = Readonly<Record<string, string>>;

/** What spans are begun under. */
export interface TraceParent {
  begin(name: string, attributes: SpanAttributes): TraceSpan;
}

export interface TraceSpan extends TraceParent {
  /** For whoever continues the trace elsewhere. */
  readonly context: TraceContext;
  /**
   * Called once.
   *
   * @param errorCode Of what ended so.
   */
  end(errorCode?: string): void;
}

export interface Tracing {
  /** @param context As it came over the wire; undefined: a new trace. */
  from(context: TraceContext | undefined): TraceParent;
}

/** Version, id of the trace, id of the span, flags. Later versions may have more behind them. */
const traceparentForm =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,200})?$/;
const longestTracestate = 512;

/** TRACE-1. */
export function traceContextOf(carrier: object): TraceContext | undefined {
  const { traceparent, tracestate } = carrier as Readonly<Record<string, unknown>>;
  if (typeof traceparent !== 'string' || !traceparentForm.test(traceparent)) return undefined;
  if (traceparent.startsWith('00-') && traceparent.length !== 55) return undefined;
  const isState =
    typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= longestTracestate;
  return isState ? { traceparent, tracestate } : { traceparent };
}
