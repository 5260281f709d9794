/**
 * A lock with fencing tokens as its callers see it.
 *
 * What a recorder has to know: a session's end, also by expiry, is an operation `end`, once for each lock
 * that the session ever asked for. For an expiry its outcome is unknown and its call is the moment from
 * which the session may have ended: when its client stopped to believe in it, or earlier.
 * An acquire that waits takes effect at its grant. One whose outcome is unknown, or that was cancelled,
 * counts as held until the session's end: the client ends its session then.
 *
 * MODEL-LOCK-1: a new grant excludes all holds of other sessions that it cannot stand beside.
 * MODEL-LOCK-2: its token is greater than every token before it; entering a hold again tells the hold's own token.
 * MODEL-LOCK-3: nothing is granted to a session after its end.
 * MODEL-LOCK-4: a try is refused only while another session holds the lock, or while the lock may be closed because
 *     the session of a holder ended. Which mode the other holds does not matter: a reader that tries is
 *     refused beside readers when a writer waits, and who waits is not part of the state.
 * MODEL-LOCK-5: a hold is downgraded to shared under its token and stays; others may enter beside it from then on.
 */
import type { Model, Operation } from '../history.ts';

export type LockMode = 'exclusive' | 'shared';

export type LockCall =
  | {
      readonly type: 'acquire';
      readonly lock: string;
      readonly session: string;
      readonly mode: LockMode;
      /** Whether it waits where the lock is not free. */
      readonly wait: boolean;
    }
  | {
      readonly type: 'release';
      readonly lock: string;
      readonly session: string;
      readonly token: number;
    }
  /** From exclusive to shared, by the token of the exclusive hold. */
  | {
      readonly type: 'downgrade';
      readonly lock: string;
      readonly session: string;
      readonly token: number;
    }
  | { readonly type: 'end'; readonly lock: string; readonly session: string }
  | { readonly type: 'read'; readonly lock: string };

export type LockAnswer =
  | { readonly type: 'granted'; readonly token: number }
  /** Refused because others hold it, or because the wait ran out. */
  | { readonly type: 'busy' }
  | { readonly type: 'released' }
  | { readonly type: 'downgraded' }
  | { readonly type: 'not_holder' }
  | { readonly type: 'ended' }
  /** Tokens of the present holds, ascending. */
  | { readonly type: 'state'; readonly tokens: readonly number[] };

export type LockOperation = Operation<LockCall, LockAnswer>;

interface LockHold {
  readonly session: string;
  readonly mode: LockMode;
  /** Null: of an acquire whose answer nobody saw. */
  readonly token: number | null;
  /** Of the first entering: an upgrade brings a new token, the older ones stay good for a release. */
  readonly firstToken: number | null;
  /** Its tokens that nobody saw are not below this. */
  readonly atLeast: number;
  readonly count: number;
}

interface EndedSession {
  readonly session: string;
  readonly before: EndedSession | undefined;
}

export interface LockState {
  /** No token up to this one can be given any more. */
  readonly lastToken: number;
  /** In order of sessions. */
  readonly holds: readonly LockHold[];
  /** Whether the session of a holder ended since the last new grant, so that the lock may be closed (MODEL-LOCK-4). */
  readonly mayBeClosed: boolean;
  /** MODEL-LOCK-3. Not part of the hash: it follows from which operations took place. */
  readonly ended: EndedSession | undefined;
}

export interface LockModelOptions {
  /** A lock whose holder's session expired may stay closed for a while: then a try finds it busy though nobody holds it. */
  readonly mayBeDelayed?: boolean;
}

export function lockModel({ mayBeDelayed = false }: LockModelOptions = {}): Model<
  LockState,
  LockCall,
  LockAnswer
> {
  return {
    initial: { lastToken: 0, holds: [], mayBeClosed: false, ended: undefined },
    keyOf: (call) => call.lock,
    step: (state, call, answer) => step(state, call, answer, mayBeDelayed),
    // After the same answers the last token tells how many grants nobody saw: the fewer, the more is possible.
    rank: ({ lastToken }) => lastToken,
    ticketOf: (_call, answer) => (answer.type === 'granted' ? answer.token : undefined),
    sessions: {
      sessionOf: (call) => (call.type === 'read' ? undefined : call.session),
      shapeOf: (call) => {
        if (call.type === 'acquire') return `acquire ${call.mode}`;
        return 'token' in call ? `${call.type} ${String(call.token)}` : call.type;
      },
      isEnd: (call) => call.type === 'end',
      isIn: ({ holds }, session) => holds.some((hold) => hold.session === session),
    },
    hash: ({ holds, mayBeClosed }) =>
      `${mayBeDelayed && mayBeClosed ? 'closed ' : ''}${holds
        .map(
          ({ session, mode, token, firstToken, atLeast, count }) =>
            `${session} ${mode} ${String(token)} ${String(firstToken)} ${String(atLeast)} ${String(count)}`,
        )
        .join()}`,
    describe,
    describeState,
  };
}

function step(
  state: LockState,
  call: LockCall,
  answer: LockAnswer | undefined,
  mayBeDelayed: boolean,
): readonly LockState[] {
  switch (call.type) {
    case 'acquire':
      if (answer?.type === 'busy') return mayBeRefused(state, call, mayBeDelayed) ? [state] : [];
      if (hasEnded(state, call.session)) return []; // MODEL-LOCK-3
      return answer?.type === 'granted'
        ? acquire(state, call, answer.token)
        : acquireUnseen(state, call);
    case 'release':
      return release(state, call, answer);
    case 'downgrade':
      return downgrade(state, call, answer);
    case 'end':
      return [end(state, call.session)];
    case 'read':
      return answer?.type === 'state' ? read(state, answer.tokens) : [state];
  }
}

type Acquire = Extract<LockCall, { readonly type: 'acquire' }>;

const excludes = (left: LockMode, right: LockMode): boolean =>
  left === 'exclusive' || right === 'exclusive';

/** MODEL-LOCK-4. Who waits may run out of time whenever others are before it. */
function mayBeRefused(state: LockState, call: Acquire, mayBeDelayed: boolean): boolean {
  if (call.wait || (mayBeDelayed && state.mayBeClosed)) return true;
  return state.holds.some(({ session }) => session !== call.session);
}

function acquire(state: LockState, call: Acquire, token: number): readonly LockState[] {
  const { session, mode } = call;
  const own = state.holds.find((hold) => hold.session === session);
  const others = state.holds.filter((hold) => hold.session !== session);
  if (own !== undefined && (own.mode === 'exclusive' || mode === 'shared')) {
    // Enters its own hold, and is told its token.
    if (own.token !== null && own.token !== token) return [];
    if (own.token === null && token < own.atLeast) return [];
    return [put(state, { ...own, token, count: own.count + 1 }, token)];
  }
  if (others.some((hold) => excludes(hold.mode, mode))) return []; // MODEL-LOCK-1
  if (token <= state.lastToken) return []; // MODEL-LOCK-2
  return [
    put(
      opened(state),
      {
        session,
        mode,
        token,
        firstToken: own === undefined ? token : own.firstToken,
        atLeast: own?.atLeast ?? token,
        count: (own?.count ?? 0) + 1,
      },
      token,
    ),
  ];
}

/** Its caller never saw the answer: it may have been granted, with a token that nobody knows. */
function acquireUnseen(state: LockState, call: Acquire): readonly LockState[] {
  const { session, mode } = call;
  const own = state.holds.find((hold) => hold.session === session);
  const others = state.holds.filter((hold) => hold.session !== session);
  if (own !== undefined && (own.mode === 'exclusive' || mode === 'shared'))
    return [put(state, { ...own, count: own.count + 1 }, state.lastToken)];
  if (others.some((hold) => excludes(hold.mode, mode))) return [];
  const next = state.lastToken + 1;
  const unseen = { session, mode, token: null, atLeast: next };
  if (own === undefined)
    return [put(opened(state), { ...unseen, firstToken: null, count: 1 }, next)];
  const { firstToken, atLeast, count } = own;
  // Where the first token was not seen either, it may be any from there on.
  const upgraded = { ...own, ...unseen, atLeast: firstToken === null ? atLeast : next };
  // An upgrade that was cancelled has left a shared hold behind.
  return [
    put(opened(state), { ...upgraded, count: count + 1 }, next),
    put(opened(state), { ...upgraded, mode: own.mode }, next),
  ];
}

function release(
  state: LockState,
  { session, token }: Extract<LockCall, { readonly type: 'release' }>,
  answer: LockAnswer | undefined,
): readonly LockState[] {
  const own = state.holds.find((hold) => hold.session === session);
  const isTold = token === own?.token || token === own?.firstToken;
  if (answer?.type === 'not_holder') return isTold ? [] : [state];
  if (own === undefined) return [];
  const isOf = token >= (own.firstToken ?? own.atLeast) && token <= (own.token ?? Infinity);
  if (!isOf) return [];
  if (own.count <= 1) return [without(state, session)];
  return [put(state, { ...own, count: own.count - 1 }, state.lastToken)];
}

/** MODEL-LOCK-5. A repetition finds it downgraded already. */
function downgrade(
  state: LockState,
  { session, token }: Extract<LockCall, { readonly type: 'downgrade' }>,
  answer: LockAnswer | undefined,
): readonly LockState[] {
  const own = state.holds.find((hold) => hold.session === session);
  const isToken = own !== undefined && (own.token === null || own.token === token);
  if (answer?.type === 'not_holder') return isToken && own.token !== null ? [] : [state];
  return isToken ? [put(state, { ...own, token, mode: 'shared' }, token)] : [];
}

function read(state: LockState, tokens: readonly number[]): readonly LockState[] {
  if (tokens.length !== state.holds.length || new Set(tokens).size !== tokens.length) return [];
  const known = state.holds.flatMap(({ token }) => (token === null ? [] : [token]));
  const others = tokens.filter((token) => !known.includes(token));
  const unseen = state.holds.filter(({ token }) => token === null);
  if (others.length !== unseen.length) return [];
  const [hold] = unseen;
  const [token] = others;
  if (hold === undefined || token === undefined) return [state];
  if (
    others.some(
      (other) =>
        other <
        unseen
          .map(({ atLeast }) => atLeast)
          .reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY),
    )
  )
    return [];
  // With several it cannot be told which is whose.
  return unseen.length > 1
    ? [{ ...state, lastToken: others.reduce((most, one) => Math.max(most, one), state.lastToken) }]
    : [put(state, { ...hold, token }, token)];
}

function put(state: LockState, hold: LockHold, token: number): LockState {
  const holds = state.holds.filter(({ session }) => session !== hold.session);
  const after = holds.findIndex(({ session }) => session > hold.session);
  holds.splice(after < 0 ? holds.length : after, 0, hold);
  return { ...state, lastToken: Math.max(state.lastToken, token), holds };
}

function without(state: LockState, session: string): LockState {
  return { ...state, holds: state.holds.filter((hold) => hold.session !== session) };
}

/** A new grant shows that the lock is not closed. */
const opened = (state: LockState): LockState =>
  state.mayBeClosed ? { ...state, mayBeClosed: false } : state;

function end(state: LockState, session: string): LockState {
  const { holds, mayBeClosed } = state;
  return {
    ...without(state, session),
    mayBeClosed: mayBeClosed || holds.some((hold) => hold.session === session),
    ended: { session, before: state.ended },
  };
}

function hasEnded(state: LockState, session: string): boolean {
  for (let { ended } = state; ended !== undefined; ended = ended.before)
    if (ended.session === session) return true;
  return false;
}

function describe(call: LockCall, answer: LockAnswer | undefined): string {
  const what = describeCall(call);
  if (answer === undefined) return `${what}: ?`;
  if (answer.type === 'granted') return `${what}: #${String(answer.token)}`;
  if (answer.type === 'state')
    return `${what}: ${answer.tokens.map((token) => `#${String(token)}`).join(' ') || 'free'}`;
  return `${what}: ${answer.type.replace('_', ' ')}`;
}

function describeCall(call: LockCall): string {
  switch (call.type) {
    case 'acquire':
      return `${call.wait ? 'waits for' : 'tries'} ${call.lock}${call.mode === 'shared' ? ' shared' : ''}`;
    case 'release':
      return `gives ${call.lock} #${String(call.token)} back`;
    case 'downgrade':
      return `downgrades ${call.lock} #${String(call.token)} to shared`;
    case 'end':
      return `ends its session (${call.lock})`;
    case 'read':
      return `reads ${call.lock}`;
  }
}

function describeState({ lastToken, holds, mayBeClosed }: LockState): string {
  const held = holds.map(
    ({ session, mode, token, count }) =>
      `held ${mode} by ${session.slice(0, 8)} with #${token === null ? '?' : String(token)}${count > 1 ? `, ${String(count)} times` : ''}`,
  );
  const free = mayBeClosed ? 'free since a session ended' : 'free';
  return `${held.join(' and ') || free} (last token ${String(lastToken)})`;
}
