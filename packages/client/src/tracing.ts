/**
 * How calls of a client become spans of the program's traces. Nothing here depends on OpenTelemetry: `openTelemetry` of the entry
 * `@holdfast/client/opentelemetry` makes one of these of its API, which the program hands it.
 */
import type { TraceContext } from '@holdfast/protocol';

/** Where the spans of a client's calls go. */
export interface ClientTracing {
  /**
   * A call begins.
   *
   * @returns Undefined: it has no span.
   */
  begin(operation: string): ClientSpan | undefined;
}

/** The span of one call. */
export interface ClientSpan {
  /** As it goes to the node, which continues the trace. */
  readonly context: TraceContext;
  /**
   * Called once.
   *
   * @param errorCode Of a call that failed.
   */
  end(errorCode?: string): void;
}
