/** Reads of the state machine. Proof and consistency are the caller's business. */
import type {
  EndedHold,
  ResourceKind,
  ResourceName,
  SessionId,
  StateMachine,
} from '@holdfast/state';
import type { LeaseTable } from './leases.ts';
import type { Query, QueryResult } from './types.ts';

export function answerQuery(state: StateMachine, leases: LeaseTable, query: Query): QueryResult {
  switch (query.type) {
    case 'session': {
      const session = state.session(query.sessionId);
      if (session === undefined) return missing(state, query.sessionId);
      const lastKeepAliveMs = leases.lastRenewedWallMs(query.sessionId) ?? session.createdAtMs;
      return { type: 'session', session, lastKeepAliveMs };
    }
    case 'places':
      return state.renewalOf(query.sessionId) === undefined
        ? missing(state, query.sessionId)
        : { type: 'places', places: state.waitsOf(query.sessionId) };
    case 'lock':
      return { type: 'lock', lock: state.lock(query.name as ResourceName) };
    case 'holders': {
      const all = holdersOf(state, query.kind, query.name as ResourceName);
      // What a session that has ended has not given back yet nobody can use.
      const holders = all.filter(({ sessionId }) => state.renewalOf(sessionId) !== undefined);
      const { fenceToken } = query;
      const ended = state.endedHold(fenceToken) ?? expiredHold(state, query, all);
      const isHeld = holders.some((holder) => holder.fenceToken === fenceToken);
      const name = query.name as ResourceName;
      const gaveBack = isHeld ? undefined : state.ownSessionOf(name, fenceToken);
      return { type: 'holders', holders, ended, gaveBack };
    }
    case 'election': {
      const election = state.election(query.name as ResourceName);
      return { type: 'election', election, revision: state.index };
    }
    case 'barrier':
      return { type: 'barrier', barrier: state.barrier(query.name as ResourceName) };
    case 'latch':
      return { type: 'latch', latch: state.latch(query.name as ResourceName) };
    case 'locks':
      return { type: 'locks', ...state.locks(query.prefix, query.after, query.limit) };
    case 'semaphore':
      return { type: 'semaphore', semaphore: state.semaphore(query.name as ResourceName) };
    case 'stats':
      return { type: 'stats', stats: state.stats() };
  }
}

/** Of a session that has expired, and whose end has not come to this hold yet. */
function expiredHold(
  state: StateMachine,
  { kind, name, fenceToken }: Extract<Query, { type: 'holders' }>,
  holders: Extract<QueryResult, { type: 'holders' }>['holders'],
): EndedHold | undefined {
  const holder = holders.find((one) => one.fenceToken === fenceToken);
  if (holder === undefined || state.endedReason(holder.sessionId) !== 'expired') return undefined;
  const { clientId } = holder;
  const revision = state.index;
  return {
    fenceToken: holder.fenceToken,
    kind,
    name: name as ResourceName,
    clientId,
    reason: 'expired',
    revision,
  };
}

function holdersOf(
  state: StateMachine,
  kind: ResourceKind,
  name: ResourceName,
): Extract<QueryResult, { type: 'holders' }>['holders'] {
  if (kind === 'semaphore') return state.semaphore(name)?.holders ?? [];
  if (kind === 'lock') return state.lock(name).holders;
  const { leader } = state.election(name);
  if (leader === undefined) return [];
  const { sessionId, clientId, fenceToken } = leader;
  return [{ sessionId, clientId, fenceToken }];
}

function missing(state: StateMachine, sessionId: SessionId): QueryResult {
  const ended = state.endedReason(sessionId);
  return {
    type: 'session_missing',
    refusal: {
      ok: false,
      code: ended === undefined ? 'session_not_found' : 'session_expired',
      message:
        ended === undefined
          ? `There is no session "${sessionId}". Create one with POST /sessions.`
          : `Session "${sessionId}" has ${ended}. Create a new one.`,
    },
  };
}
