/** A reporter of node:test that writes one line of JSON for each test that ended to descriptor 3. */
import { writeSync } from 'node:fs';

export type Told =
  | { readonly type: 'passed' }
  | {
      readonly type: 'failed';
      readonly test: string;
      readonly how: 'assertion' | 'time-out' | 'error';
      /** The check is that something happens in time. */
      readonly isOfTime: boolean;
      readonly message: string;
    };

interface TestEvent {
  readonly type: string;
  readonly data?: {
    readonly name?: string;
    readonly nesting?: number;
    readonly details?: { readonly type?: string; readonly error?: unknown };
  };
}

/** Errors by which a promise's own check tells that it is broken: of tests, of the simulator, of the product. */
const assertions: ReadonlySet<string> = new Set([
  'AssertionError',
  'Violation',
  'StateInvariantError',
  'RaftInvariantError',
  'StorageDamagedError',
  'LogMissingError',
]);
const endless: ReadonlySet<string> = new Set(['testTimeoutFailure', 'cancelledByParent']);
/** What a test waited for has not happened in its time: packages/checker/src/waits.ts, `AbortSignal.timeout`. */
const expiredWaits: ReadonlySet<string> = new Set(['WaitExpiredError', 'TimeoutError']);

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const { type, data } of source) {
    if (data?.name === undefined) continue;
    const nesting = data.nesting ?? 0;
    if (type === 'test:start') path.splice(nesting, path.length, data.name);
    if (data.details?.type === 'suite') {
      const { error } = data.details;
      // A suite that fails because its tests do has told of them already.
      if (type === 'test:fail' && failureTypeOf(error) !== 'subtestsFailed')
        tell(failed([...path.slice(0, nesting), data.name], error));
    } else if (type === 'test:pass') tell({ type: 'passed' });
    else if (type === 'test:fail' && failureTypeOf(data.details?.error) !== 'subtestsFailed')
      tell(failed([...path.slice(0, nesting), data.name], data.details?.error));
  }
  yield '';
}

function tell(told: Told): void {
  writeSync(3, `${JSON.stringify(told)}\n`);
}

function failed(path: readonly string[], error: unknown): Told {
  const how = endless.has(failureTypeOf(error)) ? 'time-out' : howOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const isOfTime = how === 'assertion' && isTimed(error);
  return { type: 'failed', test: path.join(' › '), how, isOfTime, message: message.slice(0, 300) };
}

function failureTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('failureType' in error)) return '';
  return String(error.failureType);
}

/**
 * By the outermost error of a kind that is known: an assertion may be the cause of what a library threw, as for a
 * property that does not hold, and what a wait asked last may be the cause of its end.
 */
function howOf(error: unknown, depth = 0): 'assertion' | 'time-out' | 'error' {
  if (typeof error !== 'object' || error === null || depth > 5) return 'error';
  const name = 'name' in error ? String(error.name) : '';
  if (expiredWaits.has(name)) return 'time-out';
  if (('code' in error && error.code === 'ERR_ASSERTION') || assertions.has(name))
    return 'assertion';
  return 'cause' in error ? howOf(error.cause, depth + 1) : 'error';
}

/** By what `assertSoon` and `assertEnds` of packages/checker/src/waits.ts say of theirs. */
function isTimed(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  const isAssertion = 'code' in error && error.code === 'ERR_ASSERTION';
  return (isAssertion && /^Not in \d+ ms: /.test(error.message)) || isTimed(error.cause, depth + 1);
}
