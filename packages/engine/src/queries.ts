/** Reads of the state machine. Proof and consistency are the caller's business. */
import type {
  EndedHold,
  ListWanted,
  HoldRef,
  ResourceKind,
  ResourceName,
  SessionId,
  StateMachine,
} from '@holdfast/state';
import type { LeaseTable } from './leases.ts';
import { findAccess } from './access-queries.ts';
import type { Caller, Found, Query, QueryResult } from './types.ts';
import { hiddenSession, ownerListed, ownGaveBack, ownerOfHolds, visible } from './visible.ts';

/**
 * Each answer is bounded by number and bytes, see `view-bounds.ts` of the state: it has to fit a frame.
 *
 * @param caller Who asks: what it may see is in visible.ts.
 * @param timeMs Cluster time of now, where it is known: ages are as of it.
 */
export function answerQuery(
  state: StateMachine,
  leases: Pick<LeaseTable, 'lastRenewedWallMs'>,
  query: Query,
  caller: Pick<Caller, 'identity' | 'isAdministrator'>,
  timeMs?: number,
): QueryResult {
  const hidden = hiddenSession(state, caller, query);
  const found =
    hidden === undefined
      ? visible(state, caller, find(state, leases, query, caller, timeMs))
      : notFound(hidden);
  return { ...found, revision: state.index };
}

function find(
  state: StateMachine,
  leases: Pick<LeaseTable, 'lastRenewedWallMs'>,
  query: Query,
  caller: Pick<Caller, 'identity' | 'isAdministrator'>,
  timeMs: number | undefined,
): Found {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the table of primitives answers the rest.
  switch (query.type) {
    case 'session': {
      const session = state.session(query.sessionId);
      if (session === undefined) return missing(state, query.sessionId);
      const lastKeepAliveMs = leases.lastRenewedWallMs(query.sessionId) ?? session.createdAtMs;
      return { type: 'session', session, lastKeepAliveMs };
    }
    case 'session_holds': {
      const page = state.holdsOf(query.sessionId, query.after, query.limit);
      return page === undefined ? missing(state, query.sessionId) : { type: 'session_holds', page };
    }
    case 'places':
      return state.renewalOf(query.sessionId) === undefined
        ? missing(state, query.sessionId)
        : { type: 'places', page: state.waitsOf(query.sessionId, query.after, query.limit) };
    case 'find_hold': {
      const { kind, fenceToken, holder } = query;
      const name = query.name as ResourceName;
      const found = state.findHold(kind, name, fenceToken, holder, ownerOfHolds(state, caller));
      if (fenceToken === undefined)
        return { type: 'found_hold', found, ended: undefined, gaveBack: undefined };
      const ended =
        state.endedHold(kind, name, fenceToken) ?? expiredHold(state, kind, name, found.expired);
      const isHeld = found.hold !== undefined || found.heldByOther;
      const gaveBack = isHeld
        ? undefined
        : ownGaveBack(state, caller, state.implicitSessionOf(name, fenceToken));
      return { type: 'found_hold', found, ended, gaveBack };
    }
    case 'queue':
      return { type: 'queue', view: state.queues.show(query.name as ResourceName, timeMs) };
    case 'queues':
      return { type: 'queues', page: state.queues.page(query.wanted, timeMs) };
    case 'queue_ready':
      return {
        type: 'queue_ready',
        count: state.queues.readyCount(query.name as ResourceName),
      };
    case 'dead_letters': {
      const { name, after, limit } = query;
      const page =
        query.idsOnly === true
          ? state.queues.deadIds(name as ResourceName, after, limit)
          : state.queues.deadLetters(name as ResourceName, after, limit, timeMs);
      return { type: 'dead_letters', page };
    }
    case 'blocked_keys': {
      const { name, after, limit } = query;
      const page = state.queues.blockedKeys(name as ResourceName, after, limit, timeMs);
      return { type: 'blocked_keys', page };
    }
    case 'list': {
      const listed = state.list(query.kind, wantedOf(state, query, caller, timeMs));
      if (listed.kind !== 'session') return { type: 'list', listed };
      const renewed = listed.rows.map(({ sessionId }) => leases.lastRenewedWallMs(sessionId));
      return { type: 'list', listed, keepAlivesMs: renewed.map((ms) => ms ?? null) };
    }
    case 'access':
    case 'access_check':
      return findAccess(state.access, query);
    case 'stats':
      return { type: 'stats', stats: state.stats() };
    default: {
      const view = state.show(query.type, query.name as ResourceName, { ...query, timeMs });
      return { type: query.type, view } as Found;
    }
  }
}

/** VISIBLE-1: of its sessions. */
function wantedOf(
  state: StateMachine,
  { kind, wanted }: Extract<Query, { type: 'list' }>,
  caller: Pick<Caller, 'identity' | 'isAdministrator'>,
  timeMs: number | undefined,
): ListWanted {
  const owner = kind === 'session' ? ownerListed(state, caller) : undefined;
  return owner === undefined ? { ...wanted, timeMs } : { ...wanted, timeMs, owner };
}

/** Of a session that has expired, and whose end has not come to this hold yet. */
function expiredHold(
  state: StateMachine,
  kind: ResourceKind,
  name: ResourceName,
  hold: HoldRef | undefined,
): EndedHold | undefined {
  if (hold === undefined) return undefined;
  const { fenceToken, clientId } = hold;
  return { fenceToken, kind, name, clientId, reason: 'expired', revision: state.index };
}

function missing(state: StateMachine, sessionId: SessionId): Found {
  const ended = state.endedReason(sessionId);
  return ended === undefined ? notFound(sessionId) : endedSession(sessionId, ended);
}

const notFound = (sessionId: SessionId): Found => ({
  type: 'session_missing',
  refusal: {
    ok: false,
    code: 'session_not_found',
    message: `There is no session "${sessionId}". Create one with POST /sessions.`,
  },
});

const endedSession = (sessionId: SessionId, reason: string): Found => ({
  type: 'session_missing',
  refusal: {
    ok: false,
    code: 'session_expired',
    message: `Session "${sessionId}" has ${reason}. Create a new one.`,
  },
});
