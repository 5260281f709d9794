/**
 * The lifecycles of a session and of a hold as total tables: for every state and every event, the
 * state that follows and what is answered. The type checker keeps them total; tests/unit/lifecycle
 * drives the machine through every cell, and SPEC.md prints them.
 */
import type { CommandResult, RefusalCode } from './outcomes.ts';

/** The type of a result, the code of a refusal, or `-` for an event that is no command of the session. */
export type Answered = Extract<CommandResult, { ok: true }>['type'] | RefusalCode | '-';

export interface Transition<State> {
  readonly to: State;
  readonly answer: Answered;
}

export const sessionStates = [
  'unknown',
  'active',
  'own_waiting',
  'own_holding',
  'ended',
  'expired',
] as const;
export type SessionState = (typeof sessionStates)[number];

export const sessionEvents = [
  'create',
  'own_acquire_free',
  'own_acquire_busy',
  'own_acquire_busy_wait',
  'turn',
  'deadline',
  'abandon',
  'release',
  'force_release',
  'end',
  'expire',
  'expire_older',
] as const;
export type SessionEvent = (typeof sessionEvents)[number];

type SessionLifecycle = Readonly<
  Record<SessionState, Readonly<Record<SessionEvent, Transition<SessionState>>>>
>;

function cell<State>(to: State, answer: Answered): Transition<State> {
  return { to, answer };
}

/** What every command of a session that is over is told. */
function over<State extends 'ended' | 'expired'>(
  state: State,
): Readonly<Record<SessionEvent, Transition<State>>> {
  const refused = cell(state, 'session_expired');
  return {
    create: refused,
    own_acquire_free: refused,
    own_acquire_busy: refused,
    own_acquire_busy_wait: refused,
    turn: cell(state, '-'),
    deadline: cell(state, '-'),
    abandon: refused,
    release: refused,
    force_release: cell(state, '-'),
    end: refused,
    expire: cell(state, 'unchanged'),
    expire_older: cell(state, 'unchanged'),
  };
}

export const sessionLifecycle: SessionLifecycle = {
  unknown: {
    create: cell('active', 'session'),
    own_acquire_free: cell('own_holding', 'granted'),
    own_acquire_busy: cell('ended', 'lock_held'),
    own_acquire_busy_wait: cell('own_waiting', 'queued'),
    turn: cell('unknown', '-'),
    deadline: cell('unknown', '-'),
    abandon: cell('ended', 'session_not_found'),
    release: cell('unknown', 'session_not_found'),
    force_release: cell('unknown', '-'),
    end: cell('unknown', 'session_not_found'),
    expire: cell('unknown', 'unchanged'),
    expire_older: cell('unknown', 'unchanged'),
  },
  active: {
    create: cell('active', 'session'),
    own_acquire_free: cell('active', 'session_exists'),
    own_acquire_busy: cell('active', 'session_exists'),
    own_acquire_busy_wait: cell('active', 'session_exists'),
    turn: cell('active', '-'),
    deadline: cell('active', '-'),
    abandon: cell('active', 'abandoned'),
    release: cell('active', 'not_holder'),
    force_release: cell('active', '-'),
    end: cell('ended', 'session_ended'),
    expire: cell('expired', 'session_ended'),
    expire_older: cell('active', 'unchanged'),
  },
  own_waiting: {
    create: cell('own_waiting', 'session_exists'),
    own_acquire_free: cell('own_holding', 'granted'),
    own_acquire_busy: cell('own_waiting', 'lock_held'),
    own_acquire_busy_wait: cell('own_waiting', 'queued'),
    turn: cell('own_holding', '-'),
    deadline: cell('ended', '-'),
    abandon: cell('ended', 'abandoned'),
    release: cell('own_waiting', 'not_holder'),
    force_release: cell('own_holding', '-'),
    end: cell('ended', 'session_ended'),
    expire: cell('expired', 'session_ended'),
    expire_older: cell('own_waiting', 'unchanged'),
  },
  own_holding: {
    create: cell('own_holding', 'session_exists'),
    own_acquire_free: cell('own_holding', 'granted'),
    own_acquire_busy: cell('own_holding', 'lock_held'),
    own_acquire_busy_wait: cell('own_holding', 'queued'),
    turn: cell('own_holding', '-'),
    deadline: cell('own_holding', '-'),
    abandon: cell('ended', 'abandoned'),
    release: cell('ended', 'released'),
    force_release: cell('ended', '-'),
    end: cell('ended', 'session_ended'),
    expire: cell('expired', 'session_ended'),
    expire_older: cell('own_holding', 'unchanged'),
  },
  ended: over('ended'),
  expired: over('expired'),
};

export const holdStates = [
  'none_free',
  'none_read',
  'none_busy',
  'waiting',
  'shared_alone',
  'shared_with_others',
  'upgrading',
  'exclusive',
] as const;
/** Of one session and one lock. The first three differ in what others hold: nothing, shared, exclusive. */
export type HoldState = (typeof holdStates)[number];

export const holdEvents = [
  'try_shared',
  'try_exclusive',
  'wait_shared',
  'wait_exclusive',
  'others_release',
  'deadline',
  'abandon',
  'release',
  'force_release',
  'session_end',
] as const;
export type HoldEvent = (typeof holdEvents)[number];

type HoldLifecycle = Readonly<
  Record<HoldState, Readonly<Record<HoldEvent, Transition<HoldState>>>>
>;

/** From `waiting` and `upgrading` the wait is for exclusive mode, and the asker waits with one request. */
export const holdLifecycle: HoldLifecycle = {
  none_free: {
    try_shared: cell('shared_alone', 'granted'),
    try_exclusive: cell('exclusive', 'granted'),
    wait_shared: cell('shared_alone', 'granted'),
    wait_exclusive: cell('exclusive', 'granted'),
    others_release: cell('none_free', '-'),
    deadline: cell('none_free', '-'),
    abandon: cell('none_free', 'abandoned'),
    release: cell('none_free', 'lock_not_found'),
    force_release: cell('none_free', 'lock_not_found'),
    session_end: cell('none_free', 'session_ended'),
  },
  none_read: {
    try_shared: cell('shared_with_others', 'granted'),
    try_exclusive: cell('none_read', 'lock_held'),
    wait_shared: cell('shared_with_others', 'granted'),
    wait_exclusive: cell('waiting', 'queued'),
    others_release: cell('none_free', '-'),
    deadline: cell('none_read', '-'),
    abandon: cell('none_read', 'abandoned'),
    release: cell('none_read', 'not_holder'),
    force_release: cell('none_free', 'forced'),
    session_end: cell('none_read', 'session_ended'),
  },
  none_busy: {
    try_shared: cell('none_busy', 'lock_held'),
    try_exclusive: cell('none_busy', 'lock_held'),
    wait_shared: cell('waiting', 'queued'),
    wait_exclusive: cell('waiting', 'queued'),
    others_release: cell('none_free', '-'),
    deadline: cell('none_busy', '-'),
    abandon: cell('none_busy', 'abandoned'),
    release: cell('none_busy', 'not_holder'),
    force_release: cell('none_free', 'forced'),
    session_end: cell('none_busy', 'session_ended'),
  },
  waiting: {
    try_shared: cell('waiting', 'lock_held'),
    try_exclusive: cell('waiting', 'lock_held'),
    wait_shared: cell('waiting', 'queued'),
    wait_exclusive: cell('waiting', 'queued'),
    others_release: cell('exclusive', '-'),
    deadline: cell('none_busy', '-'),
    abandon: cell('none_busy', 'abandoned'),
    release: cell('waiting', 'not_holder'),
    force_release: cell('exclusive', 'forced'),
    session_end: cell('none_busy', 'session_ended'),
  },
  shared_alone: {
    try_shared: cell('shared_alone', 'granted'),
    try_exclusive: cell('exclusive', 'granted'),
    wait_shared: cell('shared_alone', 'granted'),
    wait_exclusive: cell('exclusive', 'granted'),
    others_release: cell('shared_alone', '-'),
    deadline: cell('shared_alone', '-'),
    abandon: cell('none_free', 'abandoned'),
    release: cell('none_free', 'released'),
    force_release: cell('none_free', 'forced'),
    session_end: cell('none_free', 'session_ended'),
  },
  shared_with_others: {
    try_shared: cell('shared_with_others', 'granted'),
    try_exclusive: cell('shared_with_others', 'lock_held'),
    wait_shared: cell('shared_with_others', 'granted'),
    wait_exclusive: cell('upgrading', 'queued'),
    others_release: cell('shared_alone', '-'),
    deadline: cell('shared_with_others', '-'),
    abandon: cell('none_read', 'abandoned'),
    release: cell('none_read', 'released'),
    force_release: cell('none_free', 'forced'),
    session_end: cell('none_read', 'session_ended'),
  },
  upgrading: {
    try_shared: cell('upgrading', 'granted'),
    try_exclusive: cell('upgrading', 'lock_held'),
    wait_shared: cell('upgrading', 'granted'),
    wait_exclusive: cell('upgrading', 'queued'),
    others_release: cell('exclusive', '-'),
    deadline: cell('shared_with_others', '-'),
    abandon: cell('shared_with_others', 'abandoned'),
    release: cell('waiting', 'released'),
    force_release: cell('exclusive', 'forced'),
    session_end: cell('none_read', 'session_ended'),
  },
  exclusive: {
    try_shared: cell('exclusive', 'granted'),
    try_exclusive: cell('exclusive', 'granted'),
    wait_shared: cell('exclusive', 'granted'),
    wait_exclusive: cell('exclusive', 'granted'),
    others_release: cell('exclusive', '-'),
    deadline: cell('exclusive', '-'),
    abandon: cell('none_free', 'abandoned'),
    release: cell('none_free', 'released'),
    force_release: cell('none_free', 'forced'),
    session_end: cell('none_free', 'session_ended'),
  },
};
