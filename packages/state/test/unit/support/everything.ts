/** Random commands of every kind over a small world, with tokens that are looked up when they are due. */
import * as fc from 'fast-check';
import type { Command, FenceToken, StateMachine, Terms, Wanted } from '../../../src/index.ts';
import { createCommand, id, lockName, roomyLimits } from './driver.ts';

const sessions = ['a', 'b', 'c', 'd', 'own1', 'own2'] as const;
const names = ['x', 'y', 'z'] as const;
const kinds = [
  'create',
  'acquire',
  'acquire',
  'acquire',
  'permits',
  'permits',
  'campaign',
  'many',
  'many',
  'release',
  'release',
  'release_permits',
  'resign',
  'downgrade',
  'abandon',
  'enter',
  'leave',
  'latch',
  'count',
  'delete_latch',
  'semaphore',
  'resize',
  'delete_semaphore',
  'force',
  'end',
  'expire',
  'proclaim',
  'time',
  'time',
  'jump',
  'keep_alive',
  'leadership',
] as const;

export interface Randomness {
  readonly kind: (typeof kinds)[number];
  readonly session: (typeof sessions)[number];
  readonly name: (typeof names)[number];
  readonly other: (typeof names)[number];
  readonly request: number;
  readonly number: number;
  readonly waits: boolean;
  readonly odd: boolean;
}

export const randomness: fc.Arbitrary<readonly Randomness[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      session: fc.constantFrom(...sessions),
      name: fc.constantFrom(...names),
      other: fc.constantFrom(...names),
      request: fc.integer({ min: 1, max: 40 }),
      number: fc.integer({ min: 1, max: 4 }),
      waits: fc.boolean(),
      odd: fc.boolean(),
    }),
    { maxLength: 90, size: 'max' },
  )
  .map((list) => [
    ...(['a', 'b', 'c', 'd'] as const).map((session): Randomness => ({
      kind: 'create',
      session,
      name: 'x',
      other: 'x',
      request: 1,
      number: 1,
      waits: false,
      odd: session === 'b',
    })),
    ...list,
  ]);

function termsOf({ number, odd }: Randomness): Terms {
  return {
    ...(number > 2 ? { priority: number } : {}),
    ...(odd ? { maxHoldMs: number * 7, metadata: { 'ü€': [number, null] } } : {}),
  };
}

/** Several of the world, each once. */
function wantedOf({ name, other, number }: Randomness): readonly Wanted[] {
  // Not in the order of the fields in which a snapshot is read: that is not to matter.
  const lock = (wanted: string): Wanted => ({
    mode: number > 2 ? 'shared' : 'exclusive',
    name: lockName(wanted),
    kind: 'lock',
  });
  const permits = { kind: 'semaphore' as const, name: lockName(name), permits: 1, limit: 4 };
  return name === other ? [lock(name), permits] : [lock(other), lock(name), permits];
}

/** The command, given what the machine shows now. */
export function commandOf(randomness: Randomness, machine: StateMachine): Command {
  const { kind, session, request, number, odd } = randomness;
  const sessionId = id(session);
  const name = lockName(randomness.name);
  const requestId = odd ? `named-${String(request)}` : request;
  const waitMs = randomness.waits ? number * 10 : 0;
  const view = machine.session(sessionId);
  const token = (of: readonly { readonly fenceToken: FenceToken }[] = []): FenceToken =>
    of[number % Math.max(1, of.length)]?.fenceToken ?? (1 as FenceToken);
  const ownSession = session.startsWith('own')
    ? { ownSession: { clientId: session, timeoutMs: 500, lockDelayMs: odd ? 5 : 0 } }
    : {};
  const asking = {
    sessionId,
    requestId,
    name,
    waitMs,
    acquiredAtMs: 3,
    terms: termsOf(randomness),
  };
  switch (kind) {
    case 'keep_alive':
      return { type: 'keep_alive', sessionId };
    case 'leadership':
      return { type: 'begin_leadership' };
    case 'create':
      return createCommand(session, { lockDelayMs: odd ? 15 : 0 });
    case 'acquire':
      return {
        type: 'acquire',
        mode: number > 2 ? 'shared' : 'exclusive',
        ...asking,
        ...ownSession,
      };
    case 'permits':
      return { type: 'acquire_permits', permits: number, limit: 4, ...asking, ...ownSession };
    case 'campaign':
      return { type: 'campaign', ...asking, ...ownSession };
    case 'many': {
      const wanted = wantedOf(randomness);
      return { type: 'acquire_many', sessionId, requestId, wanted, waitMs, acquiredAtMs: 3 };
    }
    case 'release':
      return { type: 'release', sessionId, name, ...(odd ? { requestId } : {}) };
    case 'release_permits':
      return { type: 'release_permits', sessionId, name, fenceToken: token(view?.permits) };
    case 'resign':
      return { type: 'resign', sessionId, name };
    case 'proclaim':
      return { type: 'proclaim', sessionId, name, fenceToken: token(view?.leads), value: number };
    case 'downgrade':
      return { type: 'downgrade', sessionId, name, fenceToken: token(view?.holds) };
    case 'abandon': {
      const kinds = ['lock', 'semaphore', 'election', odd ? 'barrier' : 'many'] as const;
      return { type: 'abandon', kind: kinds[number - 1] ?? 'lock', sessionId, name, requestId };
    }
    case 'enter':
      return { type: 'enter_barrier', sessionId, requestId, name, parties: 2 };
    case 'leave':
      return { type: 'leave_barrier', sessionId, name, withdraw: odd };
    case 'latch':
      return { type: 'create_latch', name, count: 5 };
    case 'count':
      return { type: 'count_down', sessionId, requestId, name, by: number };
    case 'delete_latch':
      return { type: 'delete_latch', name };
    case 'semaphore':
      return { type: 'create_semaphore', name, limit: 4 };
    case 'resize':
      return { type: 'resize_semaphore', name, limit: number };
    case 'delete_semaphore':
      return { type: 'delete_semaphore', name };
    case 'force': {
      const kinds = ['lock', 'semaphore', 'election'] as const;
      return {
        type: 'force_release',
        kind: kinds[number % 3] ?? 'lock',
        name,
        reason: 'randomness',
      };
    }
    case 'end':
      return { type: 'end_session', sessionId };
    case 'expire':
      return { type: 'expire_session', sessionId, renewal: machine.renewalOf(sessionId) ?? 0 };
    case 'time':
      return { type: 'advance' };
    case 'jump':
      return odd
        ? { type: 'jump_fence_counter' }
        : { type: 'set_limits', limits: { ...roomyLimits, maxResultsPerSession: number } };
  }
}
