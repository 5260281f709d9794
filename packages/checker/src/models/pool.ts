/**
 * A pool with several permits (a semaphore) as its callers see it. Recorded as locks are (`lock.ts`).
 *
 * MODEL-POOL-1: permits of all holds together never exceed the limit.
 * MODEL-POOL-2: every acquire is a hold of its own, with a token greater than every token before it; it is given
 *     back as a whole, once. A release that tells its token gives back that hold, one that does not gives
 *     back any hold of its session of so many permits.
 * MODEL-POOL-3: nothing is granted to a session after its end.
 * MODEL-POOL-4: a try is refused only while somebody holds permits. Not only while too few are free: who waits for
 *     many is not passed by who tries for few, and who waits is not part of the state.
 */
import type { Model } from '../history.ts';

export type PoolCall =
  | {
      readonly type: 'acquire';
      readonly pool: string;
      readonly session: string;
      readonly permits: number;
      /** Whether it waits where too few are free. */
      readonly wait: boolean;
    }
  | {
      readonly type: 'release';
      readonly pool: string;
      readonly session: string;
      readonly permits: number;
      /** Of the hold that is given back. The more is told, the more is checked. */
      readonly token?: number;
    }
  | { readonly type: 'end'; readonly pool: string; readonly session: string }
  | { readonly type: 'read'; readonly pool: string };

export type PoolAnswer =
  | { readonly type: 'granted'; readonly token: number }
  /** Refused because others hold too many, or because the wait ran out. */
  | { readonly type: 'busy' }
  | { readonly type: 'released' }
  | { readonly type: 'not_holder' }
  | { readonly type: 'ended' }
  | { readonly type: 'free'; readonly permits: number };

interface PoolHold {
  readonly session: string;
  readonly permits: number;
  /** Null: of an acquire whose answer nobody saw. */
  readonly token: number | null;
}

interface EndedSession {
  readonly session: string;
  readonly before: EndedSession | undefined;
}

export interface PoolState {
  /** No token up to this one can be given any more. */
  readonly lastToken: number;
  /** In the order of their grants. */
  readonly holds: readonly PoolHold[];
  /** MODEL-POOL-3. Not part of the hash: it follows from which operations took place. */
  readonly ended: EndedSession | undefined;
}

export interface PoolModelOptions {
  /** Permits of every pool, at least 1. */
  readonly limit: number;
}

export function poolModel({ limit }: PoolModelOptions): Model<PoolState, PoolCall, PoolAnswer> {
  return {
    initial: { lastToken: 0, holds: [], ended: undefined },
    keyOf: (call) => call.pool,
    step: (state, call, answer) => step(state, call, answer, limit),
    // After the same answers the last token tells how many grants nobody saw: the fewer, the more is possible.
    rank: ({ lastToken }) => lastToken,
    ticketOf: (_call, answer) => (answer.type === 'granted' ? answer.token : undefined),
    sessions: {
      sessionOf: (call) => (call.type === 'read' ? undefined : call.session),
      shapeOf: (call) => {
        if (call.type === 'acquire') return `acquire ${String(call.permits)}`;
        return call.type === 'release'
          ? `release ${String(call.permits)} ${String(call.token)}`
          : call.type;
      },
      isEnd: (call) => call.type === 'end',
      isIn: ({ holds }, session) => holds.some((hold) => hold.session === session),
    },
    // The order of the grants is of no use to anybody.
    hash: ({ holds }) =>
      holds
        .map(({ session, permits, token }) => `${session} ${String(permits)} ${String(token)}`)
        .toSorted()
        .join(),
    describe,
    describeState: ({ lastToken, holds }) => {
      const held = holds.map(
        ({ session, permits, token }) =>
          `, ${session.slice(0, 8)} has ${String(permits)} with #${token === null ? '?' : String(token)}`,
      );
      return `${String(limit - permitsOf(holds))} of ${String(limit)} free${held.join('')} (last token ${String(lastToken)})`;
    },
  };
}

function step(
  state: PoolState,
  call: PoolCall,
  answer: PoolAnswer | undefined,
  limit: number,
): readonly PoolState[] {
  const { holds } = state;
  switch (call.type) {
    case 'acquire':
      if (answer?.type === 'busy') return call.wait || holds.length > 0 ? [state] : []; // MODEL-POOL-4
      return acquire(state, call, answer?.type === 'granted' ? answer.token : null, limit);
    case 'release':
      return release(state, call, answer);
    case 'end':
      return [
        {
          ...state,
          holds: holds.filter(({ session }) => session !== call.session),
          ended: { session: call.session, before: state.ended },
        },
      ];
    case 'read':
      return answer?.type !== 'free' || answer.permits === limit - permitsOf(holds) ? [state] : [];
  }
}

function acquire(
  state: PoolState,
  { session, permits }: Extract<PoolCall, { readonly type: 'acquire' }>,
  token: number | null,
  limit: number,
): readonly PoolState[] {
  const { holds, lastToken, ended } = state;
  if (permitsOf(holds) + permits > limit) return []; // MODEL-POOL-1
  if (token !== null && token <= lastToken) return []; // MODEL-POOL-2
  if (hasEnded(ended, session)) return []; // MODEL-POOL-3
  return [
    { ended, lastToken: token ?? lastToken + 1, holds: [...holds, { session, permits, token }] },
  ];
}

/** MODEL-POOL-2. A token that is not known may be that of a grant that nobody saw. */
function release(
  state: PoolState,
  call: Extract<PoolCall, { readonly type: 'release' }>,
  answer: PoolAnswer | undefined,
): readonly PoolState[] {
  const { holds } = state;
  const own = holds.filter(
    ({ session, permits }) => session === call.session && permits === call.permits,
  );
  const told = own.filter(({ token }) => call.token === undefined || token === call.token);
  if (answer?.type === 'not_holder') return told.length === 0 ? [state] : [];
  const released = told.length > 0 ? told : own.filter(({ token }) => token === null);
  return released.map((one) => ({ ...state, holds: holds.filter((hold) => hold !== one) }));
}

const permitsOf = (holds: readonly PoolHold[]): number =>
  holds.reduce((sum, { permits }) => sum + permits, 0);

function hasEnded(last: EndedSession | undefined, session: string): boolean {
  for (let ended = last; ended !== undefined; ended = ended.before)
    if (ended.session === session) return true;
  return false;
}

function describe(call: PoolCall, answer: PoolAnswer | undefined): string {
  const what = describeCall(call);
  if (answer === undefined) return `${what}: ?`;
  if (answer.type === 'granted') return `${what}: #${String(answer.token)}`;
  if (answer.type === 'free') return `${what}: ${String(answer.permits)} free`;
  return `${what}: ${answer.type.replace('_', ' ')}`;
}

function describeCall(call: PoolCall): string {
  switch (call.type) {
    case 'acquire':
      return `${call.wait ? 'waits for' : 'tries'} ${String(call.permits)} of ${call.pool}`;
    case 'release':
      return `gives ${String(call.permits)} of ${call.pool} back${call.token === undefined ? '' : ` (#${String(call.token)})`}`;
    case 'end':
      return `ends its session (${call.pool})`;
    case 'read':
      return `reads ${call.pool}`;
  }
}
