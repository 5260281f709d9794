/** A reporter of node:test that writes one line of JSON for each test that ended to descriptor 3. */
import { writeSync } from 'node:fs';

export type Told =
  | { readonly type: 'passed' }
  | {
      readonly type: 'failed';
      readonly test: string;
      readonly how: 'assertion' | 'time-out' | 'error';
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
]);
const endless: ReadonlySet<string> = new Set(['testTimeoutFailure', 'cancelledByParent']);

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
  const how = isAssertion(error)
    ? 'assertion'
    : endless.has(failureTypeOf(error))
      ? 'time-out'
      : 'error';
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'failed', test: path.join(' › '), how, message: message.slice(0, 300) };
}

function failureTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('failureType' in error)) return '';
  return String(error.failureType);
}

/** Also where an assertion is the cause of what a library threw, as for a property that does not hold. */
export function isAssertion(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false;
  if ('code' in error && error.code === 'ERR_ASSERTION') return true;
  if ('name' in error && assertions.has(String(error.name))) return true;
  return 'cause' in error && isAssertion(error.cause, depth + 1);
}
