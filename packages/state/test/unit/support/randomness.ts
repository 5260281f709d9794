/** Random commands over a small world, so that they meet; and the seed that repeats them. */
import * as fc from 'fast-check';
import type { Command, FenceToken, RequestId, StateMachine } from '../../../src/index.ts';
import { id, lockName, roomyLimits } from './driver.ts';

/** SEED=… repeats a failure (fast-check prints it), RUNS=… looks longer. */
const seed = Number(process.env['SEED'] ?? 20_261_121);

/** Checks a property with a seed that is the same in every run unless SEED says otherwise. */
export function check<Values>(property: fc.IProperty<Values>, runs: number): void {
  fc.assert(property, { seed, numRuns: Number(process.env['RUNS'] ?? runs) });
}

/** A command that may need to look at the machine before it is known in full. */
export type Step =
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'expire'; readonly session: string; readonly late: boolean }
  | {
      readonly type: 'release_with_token';
      readonly session: string;
      readonly lock: string;
      readonly request: RequestId;
      readonly offset: number;
    }
  | { readonly type: 'cancel_waiter'; readonly lock: string; readonly place: number }
  | { readonly type: 'time'; readonly byMs: number };

const plainSessions = ['a', 'b', 'c', 'd', 'e'] as const;
const ownSessions = ['o1', 'o2', 'o3', 'o4'] as const;
export const allSessions: readonly string[] = [...plainSessions, ...ownSessions];
export const allLocks: readonly string[] = ['x', 'y'];

const anySession = fc.constantFrom(...allSessions);
const plainSession = fc.constantFrom(...plainSessions);
const ownSession = fc.constantFrom(...ownSessions);
const lock = fc.constantFrom(...allLocks);
const request: fc.Arbitrary<RequestId> = fc.oneof(
  fc.integer({ min: 1, max: 14 }),
  fc.constantFrom('n1', 'n2', 'n3'),
);
const mode = fc.constantFrom('exclusive' as const, 'shared' as const);
const waitMs = fc.constantFrom(0, 10, 30, 30);
const lockDelayMs = fc.constantFrom(0, 0, 15);

const create = fc
  .record({ session: fc.oneof(plainSession, plainSession, anySession), lockDelayMs })
  .map(({ session, lockDelayMs }): Command => ({
    type: 'create_session',
    sessionId: id(session),
    clientId: `client-${session}`,
    timeoutMs: 1000,
    lockDelayMs,
    createdAtMs: 1,
  }));

const acquire = fc
  .record({ session: plainSession, lock, request, mode, waitMs })
  .map(({ session, lock, request, mode, waitMs }): Command => ({
    type: 'acquire',
    sessionId: id(session),
    requestId: request,
    name: lockName(lock),
    mode,
    waitMs,
    acquiredAtMs: 1,
  }));

const ownAcquire = fc
  .record({ session: ownSession, lock, request, mode, waitMs, lockDelayMs, named: fc.boolean() })
  .map(({ session, lock, request, mode, waitMs, lockDelayMs, named }): Command => ({
    type: 'acquire',
    sessionId: id(session),
    requestId: named ? 1 : request,
    name: lockName(lock),
    mode,
    waitMs,
    acquiredAtMs: 1,
    ownSession: { clientId: `client-${session}`, timeoutMs: 500, lockDelayMs },
  }));

const release = fc
  .record({
    session: anySession,
    lock,
    request: fc.oneof(request, fc.constant(undefined)),
  })
  .map(({ session, lock, request }): Command => ({
    type: 'release',
    sessionId: id(session),
    name: lockName(lock),
    ...(request === undefined ? {} : { requestId: request }),
  }));

const cancel = fc
  .record({ session: anySession, lock, request })
  .map(({ session, lock, request }): Command => ({
    type: 'abandon',
    sessionId: id(session),
    name: lockName(lock),
    requestId: request,
  }));

const rare = fc.oneof(
  fc
    .record({ name: lock, part: fc.constantFrom({}, { count: 1 }, { through: 3, count: 2 }) })
    .map(({ name, part }): Command => ({
      type: 'force_release',
      name: lockName(name),
      reason: 'by randomness',
      ...part,
    })),
  fc.constant<Command>({ type: 'jump_fence_counter' }),
  fc.constant<Command>({ type: 'set_limits', limits: roomyLimits }),
);

const end = anySession.map((session): Command => ({ type: 'end_session', sessionId: id(session) }));

function asStep(command: fc.Arbitrary<Command>): fc.Arbitrary<Step> {
  return command.map((one): Step => ({ type: 'command', command: one }));
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: asStep(create) },
  { weight: 14, arbitrary: asStep(acquire) },
  { weight: 6, arbitrary: asStep(ownAcquire) },
  { weight: 8, arbitrary: asStep(release) },
  { weight: 3, arbitrary: asStep(cancel) },
  { weight: 1, arbitrary: asStep(rare) },
  { weight: 1, arbitrary: asStep(end) },
  {
    weight: 3,
    arbitrary: fc
      .record({ session: anySession, late: fc.boolean() })
      .map((one): Step => ({ type: 'expire', ...one })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ session: anySession, lock, request, offset: fc.integer({ min: -2, max: 1 }) })
      .map((one): Step => ({ type: 'release_with_token', ...one })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ lock, place: fc.nat({ max: 3 }) })
      .map((one): Step => ({ type: 'cancel_waiter', ...one })),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 20 }).map((byMs): Step => ({ type: 'time', byMs })),
  },
);

/** Begins with all plain sessions, so that most of what follows is not refused at the door. */
export const steps: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { maxLength: 70, size: 'max' })
  .map((list) => [
    ...plainSessions.map((session): Step => ({
      type: 'command',
      command: {
        type: 'create_session',
        sessionId: id(session),
        clientId: `client-${session}`,
        timeoutMs: 1000,
        lockDelayMs: session === 'c' || session === 'd' ? 15 : 0,
        createdAtMs: 1,
      },
    })),
    ...list,
  ]);

/** The command of a step, given what the machine shows now. */
export function commandOf(step: Step, machine: StateMachine): Command {
  switch (step.type) {
    case 'command':
      // Whatever limits a test has chosen stay.
      return step.command.type === 'set_limits'
        ? { type: 'set_limits', limits: machine.limits }
        : step.command;
    case 'time':
      return { type: 'advance' };
    case 'expire': {
      const renewal = machine.renewalOf(id(step.session)) ?? 0;
      return {
        type: 'expire_session',
        sessionId: id(step.session),
        renewal: step.late ? renewal - 1 : renewal,
      };
    }
    case 'cancel_waiter': {
      const waiter = machine.show('lock', lockName(step.lock)).waiters[step.place];
      return {
        type: 'abandon',
        sessionId: waiter?.sessionId ?? id('a'),
        name: lockName(step.lock),
        requestId: waiter?.requestId ?? 'n1',
      };
    }
    case 'release_with_token': {
      const holders = machine.show('lock', lockName(step.lock)).holders;
      const own = holders.find(({ sessionId }) => sessionId === step.session) ?? holders[0];
      const token = (own?.fenceToken ?? 0) + step.offset;
      return {
        type: 'release',
        sessionId: id(step.session),
        name: lockName(step.lock),
        requestId: step.request,
        fenceToken: token as FenceToken,
      };
    }
  }
}
