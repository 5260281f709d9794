/**
 * What a program hands its client to be called.
 *
 * CALLBACK-1: what such a function throws, or what its promise comes to, never reaches the code of the client that calls it: the call
 *     would never end, what was granted would be held by nobody, or the process would end. It is told once, as a warning of the process.
 */
import { causeOf } from './causes.ts';
import type { ClientWarning } from './client-warning.ts';
import type { ClientSpan, ClientTracing } from './tracing.ts';

/** Tells people what the program does not hear of. */
type Tell = (text: { readonly kind: string; readonly message: string }) => void;

/** As a warning of the process; in browsers one on the console. */
const warn: Tell = ({ kind, message }) => {
  const host = globalThis.process as Partial<NodeJS.Process> | undefined;
  if (host?.emitWarning === undefined) console.warn(message);
  else host.emitWarning(message, { type: 'HoldfastClientWarning', code: kind });
};

/** Calls what never throws, then (CALLBACK-1). */
class Callbacks {
  readonly #tell: Tell;
  /** The names of those that have failed. */
  readonly #failed = new Set<string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** @returns Undefined where it failed. */
  call<T>(name: string, call: () => T): T | undefined {
    try {
      const value = call();
      if (value instanceof Promise) value.catch((error: unknown) => this.#failedWith(name, error));
      return value;
    } catch (error) {
      this.#failedWith(name, error);
      return undefined;
    }
  }

  #failedWith(name: string, error: unknown): void {
    if (this.#failed.has(name)) return;
    this.#failed.add(name);
    this.#tell({
      kind: 'callback_failed',
      message: `"${name}" of the options of the client failed: ${causeOf(error)}. The client goes on without. Correct that function; this is told once.`,
    });
  }
}

/** @param onWarning The program's. Absent: they are told as warnings of the process. */
export function safeWarnings(
  onWarning: ((warning: ClientWarning) => void) | undefined,
  tell: Tell = warn,
): (warning: ClientWarning) => void {
  if (onWarning === undefined) return tell;
  const callbacks = new Callbacks(tell);
  return (warning) => {
    callbacks.call('onWarning', () => onWarning(warning));
  };
}

/** A call of which no span could be begun has none. */
export function safeTracing(
  tracing: ClientTracing | undefined,
  tell: Tell = warn,
): ClientTracing | undefined {
  if (tracing === undefined) return undefined;
  const callbacks = new Callbacks(tell);
  return {
    begin(operation) {
      return callbacks.call('tracing', () => {
        const span: unknown = tracing.begin(operation);
        return span === undefined ? undefined : safeSpan(asSpan(span), callbacks);
      });
    },
  };
}

/** From programs without types too. @throws Error where it is none. */
function asSpan(value: unknown): ClientSpan {
  if (value instanceof Promise) {
    // Of the promise nobody wants to know any more.
    value.catch(() => undefined);
    throw new Error('begin gave a promise: it has to give its span at once');
  }
  const span = value as ClientSpan;
  if (typeof span.context.traceparent !== 'string') throw new Error('a span has no traceparent');
  return span;
}

/** What goes out with the call is read here, where it may fail. */
const safeSpan = (span: ClientSpan, callbacks: Callbacks): ClientSpan => ({
  context: { ...span.context },
  end(errorCode) {
    callbacks.call('tracing', () => span.end(errorCode));
  },
});
