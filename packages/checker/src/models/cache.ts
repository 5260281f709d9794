/**
 * A key of the cache: a register whose writes have versions and conditions, which can be deleted, and whose values may end
 * by themselves. The versions of a key only grow, also where it had no value in between.
 */
import type { Model } from '../history.ts';

interface OfKey {
  readonly key: string;
  /** When it was answered, on the clock of the history; absent: never. */
  readonly latestMs?: number;
}
interface Conditional extends OfKey {
  /** Takes effect only where the key has this version; 0: where it has no value. */
  readonly ifVersion?: number;
}

export type CacheCall =
  | (OfKey & { readonly type: 'read' })
  | (Conditional & {
      readonly type: 'write';
      /** No other write has it. */
      readonly value: string;
      /** The value ends by itself then, or later, never sooner; absent: it stays. */
      readonly endsMs?: number;
    })
  | (Conditional & { readonly type: 'delete' });

export type CacheAnswer =
  /** Version 0: the key has no value. */
  | { readonly type: 'value'; readonly version: number; readonly value: string | null }
  | { readonly type: 'written'; readonly version: number }
  | { readonly type: 'deleted'; readonly existed: boolean }
  /** Of the condition: the key has this version. */
  | { readonly type: 'mismatch'; readonly version: number };

export interface CacheState {
  /** Null: none. */
  readonly value: string | null;
  /** Undefined: of a write that was not answered, above `floor`. */
  readonly version: number | undefined;
  /** The highest version that is known to have been given. */
  readonly floor: number;
  readonly endsMs: number | undefined;
}

const without = (floor: number): CacheState => ({
  value: null,
  version: 0,
  floor,
  endsMs: undefined,
});

export const cacheModel: Model<CacheState, CacheCall, CacheAnswer> = {
  initial: without(0),
  keyOf: (call) => call.key,
  step: (state, call, answer) => {
    const { endsMs, floor } = state;
    const mayHaveEnded = endsMs !== undefined && (call.latestMs ?? Infinity) >= endsMs;
    const states = mayHaveEnded ? [state, without(floor)] : [state];
    return states.flatMap((one) => after(one, call, answer) ?? []);
  },
  hash: ({ value, version, floor, endsMs }) => JSON.stringify([value, version, floor, endsMs]),
  ticketOf: (_call, answer) =>
    'version' in answer && answer.version > 0 ? answer.version : undefined,
  describe,
  describeState: ({ value, version }) =>
    value === null ? 'no value' : `${value} of version ${String(version ?? '?')}`,
};

/** Undefined: impossible. */
function after(
  state: CacheState,
  call: CacheCall,
  answer: CacheAnswer | undefined,
): CacheState | undefined {
  if (answer?.type === 'mismatch') {
    const known = withVersion(state, answer.version);
    return call.type !== 'read' && known?.version !== call.ifVersion ? known : undefined;
  }
  if (call.type === 'read') {
    if (answer === undefined) return state;
    if (answer.type !== 'value' || answer.value !== state.value) return undefined;
    return withVersion(state, answer.version);
  }
  const { ifVersion } = call;
  const met = ifVersion === undefined ? state : withVersion(state, ifVersion);
  if (answer === undefined) return met === undefined ? state : changed(met, call, undefined);
  if (met === undefined) return undefined;
  if (call.type === 'delete') {
    const isSo = answer.type === 'deleted' && answer.existed === (state.value !== null);
    return isSo ? changed(met, call, undefined) : undefined;
  }
  if (answer.type !== 'written' || answer.version <= met.floor) return undefined;
  return changed(met, call, answer.version);
}

/** The same state, of which it is known now that this is its version; undefined: it is not. */
function withVersion(state: CacheState, version: number): CacheState | undefined {
  if (state.version !== undefined) return state.version === version ? state : undefined;
  return version > state.floor ? { ...state, version, floor: version } : undefined;
}

function changed(
  { floor }: CacheState,
  call: Exclude<CacheCall, { type: 'read' }>,
  version: number | undefined,
): CacheState {
  if (call.type === 'delete') return without(floor);
  return { value: call.value, version, floor: version ?? floor, endsMs: call.endsMs };
}

function describe(call: CacheCall, answer: CacheAnswer | undefined): string {
  const told =
    answer === undefined
      ? '?'
      : answer.type === 'deleted'
        ? answer.existed
          ? 'there was one'
          : 'there was none'
        : `version ${String(answer.version)}`;
  if (call.type === 'read')
    return answer?.type === 'value' && answer.value !== null
      ? `reads ${answer.value}, ${told}`
      : `reads ${answer === undefined ? '?' : 'no value'}`;
  const condition = call.ifVersion === undefined ? '' : ` if version ${String(call.ifVersion)}`;
  const what = call.type === 'write' ? `writes ${call.value}` : 'deletes';
  return `${what}${condition}: ${answer?.type === 'mismatch' ? `no, ${told}` : told}`;
}
