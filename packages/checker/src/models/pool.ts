/** A pool with several permits (a semaphore) as its callers see it. Recorded as locks are (`lock.ts`). */
import type { Model } from '../history.ts';

export type PoolCall =
  | {
      readonly type: 'acquire';
      readonly pool: string;
      readonly session: string;
      readonly permits: number;
      readonly wait: boolean;
    }
  | {
      readonly type: 'release';
      readonly pool: string;
      readonly session: string;
      readonly permits: number;
    }
  | { readonly type: 'end'; readonly pool: string; readonly session: string }
  | { readonly type: 'read'; readonly pool: string };

export type PoolAnswer =
  | { readonly type: 'granted'; readonly token: number }
  | { readonly type: 'busy' }
  | { readonly type: 'released' }
  | { readonly type: 'not_holder' }
  | { readonly type: 'ended' }
  | { readonly type: 'free'; readonly permits: number };

export interface PoolState {
  readonly lastToken: number;
  /** Permits by session, in order of sessions. */
  readonly held: readonly (readonly [session: string, permits: number])[];
}

/** @param limit Permits of every pool, at least 1. */
export function poolModel({
  limit,
}: {
  readonly limit: number;
}): Model<PoolState, PoolCall, PoolAnswer> {
  const freeIn = ({ held }: PoolState): number =>
    limit - held.reduce((sum, [, permits]) => sum + permits, 0);
  return {
    initial: { lastToken: 0, held: [] },
    keyOf: (call) => call.pool,
    step: (state, call, answer) => {
      const free = freeIn(state);
      switch (call.type) {
        case 'acquire':
          if (answer?.type === 'busy') return call.wait || free < limit ? [state] : [];
          return acquire(state, call, free, answer?.type === 'granted' ? answer.token : undefined);
        case 'release': {
          const own = permitsOf(state, call.session);
          if (answer?.type === 'not_holder') return own >= call.permits ? [] : [state];
          return own < call.permits ? [] : [put(state, call.session, own - call.permits)];
        }
        case 'end':
          return [put(state, call.session, 0)];
        case 'read':
          return answer?.type !== 'free' || answer.permits === free ? [state] : [];
      }
    },
    hash: ({ lastToken, held }) => `${String(lastToken)} ${held.flat().join()}`,
    describe,
    describeState: (state) =>
      `${String(freeIn(state))} of ${String(limit)} free${state.held.map(([session, permits]) => `, ${session} has ${String(permits)}`).join('')} (last token ${String(state.lastToken)})`,
  };
}

function acquire(
  state: PoolState,
  { session, permits }: Extract<PoolCall, { readonly type: 'acquire' }>,
  free: number,
  token: number | undefined,
): readonly PoolState[] {
  const given = token ?? state.lastToken + 1;
  if (free < permits || given <= state.lastToken) return [];
  return [put({ ...state, lastToken: given }, session, permitsOf(state, session) + permits)];
}

const permitsOf = ({ held }: PoolState, session: string): number =>
  held.find(([other]) => other === session)?.[1] ?? 0;

function put(state: PoolState, session: string, permits: number): PoolState {
  const others = state.held.filter(([other]) => other !== session);
  if (permits === 0) return { ...state, held: others };
  const after = others.findIndex(([other]) => other > session);
  others.splice(after < 0 ? others.length : after, 0, [session, permits]);
  return { ...state, held: others };
}

function describe(call: PoolCall, answer: PoolAnswer | undefined): string {
  const what = {
    acquire: () =>
      call.type === 'acquire'
        ? `${call.wait ? 'waits for' : 'tries'} ${String(call.permits)} of ${call.pool}`
        : '',
    release: () => (call.type === 'release' ? `gives ${String(call.permits)} back` : ''),
    end: () => 'ends its session',
    read: () => `reads ${call.pool}`,
  }[call.type]();
  if (answer === undefined) return `${what}: ?`;
  if (answer.type === 'granted') return `${what}: #${String(answer.token)}`;
  if (answer.type === 'free') return `${what}: ${String(answer.permits)} free`;
  return `${what}: ${answer.type.replace('_', ' ')}`;
}
