/** Drives a state machine in few words: one entry per call unless told otherwise. */
import assert from 'node:assert/strict';
import { createStateMachine, restoreStateMachine } from '../../../src/index.ts';
import type {
  Applied,
  Command,
  CommandResult,
  Event,
  FenceToken,
  LockView,
  Mode,
  RequestId,
  ResourceName,
  SessionId,
  StateLimits,
  StateMachine,
} from '../../../src/index.ts';

export const roomyLimits: StateLimits = {
  maxSessions: 10_000,
  maxHoldsPerSession: 1000,
  maxWaitersPerResource: 1000,
  maxLocks: 10_000,
  maxSemaphores: 10_000,
  maxElections: 10_000,
  maxBarriers: 10_000,
  maxLatches: 10_000,
  maxCacheKeys: 10_000,
  maxHoldsPerResource: 10_000,
  maxResultsPerSession: 1000,
  maxWorkPerEntry: 1000,
  maxRememberedSessions: 20_000,
  maxRememberedBytes: 64 * 1024 * 1024,
  maxRememberedSessionsPerCaller: 100_000,
  maxRememberedBytesPerCaller: 64 * 1024 * 1024,
  maxSessionsPerCaller: 100_000,
  maxHoldsPerCaller: 1_000_000,
  maxWaitsPerCaller: 1_000_000,
  maxMetadataBytesPerCaller: 64 * 1024 * 1024,
  maxResultBytesPerCaller: 64 * 1024 * 1024,
  maxWaitsPerSession: 100_000,
  maxMetadataBytesPerSession: 16 * 1024 * 1024,
  maxResultBytesPerSession: 1024 * 1024,
  maxQueues: 100,
  maxMessages: 200_000,
  maxMessagesPerQueue: 100_000,
  maxMessageBytes: 64 * 1024 * 1024,
  maxMessageBytesPerQueue: 32 * 1024 * 1024,
  maxDedupIds: 10_000,
  maxCacheBytes: 64 * 1024 * 1024,
};

export const id = (text: string): SessionId => text as SessionId;
export const lockName = (text: string): ResourceName => text as ResourceName;

export interface AcquireOptions {
  readonly request?: RequestId;
  readonly mode?: Mode;
  readonly waitMs?: number;
  readonly ackedBelow?: number;
  /** The log index that its node had applied (STATE-REQUEST-6). */
  readonly askedAt?: number;
  /** The client of an implicit session; its timeout is 1000 ms. */
  readonly own?: string;
  readonly ownLockDelayMs?: number;
}

export function createCommand(
  session: string,
  { clientId = `client-${session}`, lockDelayMs = 0 } = {},
): Command {
  return {
    type: 'create_session',
    sessionId: id(session),
    clientId,
    timeoutMs: 1000,
    lockDelayMs,
    createdAtMs: 1,
  };
}

export class Driver {
  machine: StateMachine;
  timeMs: number;
  /** Wall clock of the leader, where the log tells it. */
  wallMs: number | undefined;
  lastEvents: readonly Event[] = [];
  #nextRequest = 1000;

  constructor(machine: StateMachine = createStateMachine(roomyLimits)) {
    this.machine = machine;
    this.timeMs = machine.time;
  }

  static withLimits(limits: Partial<StateLimits>): Driver {
    return new Driver(createStateMachine({ ...roomyLimits, ...limits }));
  }

  entry(commands: readonly Command[], ackedBelow?: number, askedAt?: number): Applied {
    const applied = this.machine.apply({
      index: this.machine.index + 1,
      time: this.timeMs,
      wallMs: this.wallMs,
      commands: commands.map((command) => ({
        identity: 'anonymous',
        command,
        ...(ackedBelow === undefined ? {} : { ackedBelow }),
        ...(askedAt === undefined ? {} : { askedAt }),
      })),
    });
    this.lastEvents = applied.events;
    return applied;
  }

  do(command: Command, ackedBelow?: number, askedAt?: number): CommandResult {
    const [result] = this.entry([command], ackedBelow, askedAt).results;
    assert.ok(result, 'one result per command');
    return result;
  }

  sessions(...names: readonly string[]): this {
    for (const name of names) this.do(createCommand(name));
    return this;
  }

  acquire(session: string, lock: string, options: AcquireOptions = {}): CommandResult {
    const { own, ownLockDelayMs = 0 } = options;
    return this.do(
      {
        type: 'acquire',
        sessionId: id(session),
        requestId: options.request ?? this.#nextRequest++,
        name: lockName(lock),
        mode: options.mode ?? 'exclusive',
        waitMs: options.waitMs ?? 0,
        acquiredAtMs: 7,
        ...(own === undefined
          ? {}
          : { ownSession: { clientId: own, timeoutMs: 1000, lockDelayMs: ownLockDelayMs } }),
      },
      options.ackedBelow,
      options.askedAt,
    );
  }

  /** Acquires and insists on the grant. */
  hold(session: string, lock: string, options: AcquireOptions = {}): FenceToken {
    const result = this.acquire(session, lock, options);
    assert.ok(result.ok && result.type === 'granted', `granted, not ${outcome(result)}`);
    return result.fenceToken;
  }

  release(
    session: string,
    lock: string,
    { token, request }: { readonly token?: number; readonly request?: RequestId } = {},
  ): CommandResult {
    return this.do({
      type: 'release',
      sessionId: id(session),
      name: lockName(lock),
      ...(token === undefined ? {} : { fenceToken: token as FenceToken }),
      ...(request === undefined ? {} : { requestId: request }),
    });
  }

  cancel(session: string, lock: string, request: RequestId): CommandResult {
    return this.do({
      type: 'abandon',
      sessionId: id(session),
      name: lockName(lock),
      requestId: request,
    });
  }

  end(session: string): CommandResult {
    return this.do({ type: 'end_session', sessionId: id(session) });
  }

  /** With the renewal that the session has now. */
  expire(session: string): CommandResult {
    const renewal = this.machine.renewalOf(id(session)) ?? 0;
    return this.do({ type: 'expire_session', sessionId: id(session), renewal });
  }

  /** Time moves on, in an entry of its own. */
  advance(byMs: number): Applied {
    this.timeMs += byMs;
    return this.entry([{ type: 'advance' }]);
  }

  lock(name: string): LockView {
    return this.machine.show('lock', lockName(name));
  }

  holders(name: string): readonly string[] {
    return this.lock(name).holders.map(
      ({ sessionId, mode, holdCount }) => `${sessionId} ${mode} x${String(holdCount)}`,
    );
  }

  waiters(name: string): readonly string[] {
    return this.lock(name).waiters.map(({ sessionId }) => sessionId);
  }

  /** The same state in another machine, by way of a snapshot. */
  restored(): Driver {
    return new Driver(restoreStateMachine(this.machine.snapshot()));
  }
}

/** A result in one line, without texts for people. */
export function outcome(result: CommandResult): string {
  if (!result.ok) return result.code;
  switch (result.type) {
    case 'granted':
      return `granted ${String(result.fenceToken)} x${String(result.holdCount)}`;
    case 'queued':
      return `queued ${String(result.position)}`;
    case 'released':
      return `released ${String(result.fenceToken)} left ${String(result.remainingHoldCount)}`;
    case 'session_ended':
    case 'forced':
      return `${result.type} ${String(result.releasedCount)}`;
    case 'granted_many': {
      const grants = result.grants.map(
        ({ fenceToken, holdCount }) => `${String(fenceToken)} x${String(holdCount)}`,
      );
      return `granted_many ${grants.join(' ')}`;
    }
    case 'downgraded':
    case 'proclaimed':
      return `${result.type} ${String(result.fenceToken)}`;
    case 'barrier':
      return `barrier ${result.open ? 'open' : 'closed'}${result.over ? ' over' : ''}`;
    case 'latch':
      return `latch ${String(result.count)}`;
    case 'semaphore':
      return `semaphore ${String(result.semaphore.limit)}`;
    case 'cache_written':
      return `cache_written ${String(result.version)}`;
    case 'cache_deleted':
      return `cache_deleted${result.existed ? '' : ' nothing'}`;
    case 'queue_taken':
      return `queue_taken ${result.deliveries.map(({ payload }) => payload).join(' ')}`;
    case 'queue_moved':
      return `queue_moved ${String(result.count)}${result.more ? ' more' : ''}`;
    case 'queue_returned':
      return `queue_returned ${result.dead ? 'dead' : String(result.retryInMs)}`;
    case 'queue_pushed':
    case 'queue_acknowledged':
    case 'queue_extended':
    case 'queue_configured':
    case 'queue_deleted':
    case 'queue_lost':
    case 'auth_changed':
    case 'abandoned':
    case 'advanced':
    case 'session':
    case 'kept_alive':
    case 'unchanged':
      return result.type;
  }
}

/** An event in one line. */
export function eventLine(event: Event): string {
  switch (event.type) {
    case 'session_created':
      return `${event.type} ${event.sessionId}`;
    case 'session_ended':
      return `${event.type} ${event.sessionId} ${event.reason}`;
    case 'granted':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.requestId)} ${event.mode} ${String(event.fenceToken)}`;
    case 'hold_ended':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.fenceToken)} ${event.reason}`;
    case 'permits_granted':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.requestId)} ${String(event.permits)} ${String(event.fenceToken)}`;
    case 'permits_ended':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.permits)} ${String(event.fenceToken)} ${event.reason}`;
    case 'hold_downgraded':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.fenceToken)}`;
    case 'proclaimed':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.fenceToken)} ${JSON.stringify(event.value)}`;
    case 'semaphore_changed':
      return `${event.type} ${event.name} ${event.change} ${String(event.limit)}`;
    case 'barrier_joined':
    case 'barrier_left':
      return `${event.type} ${event.name} ${event.sessionId}`;
    case 'barrier_opened':
    case 'barrier_over':
      return `${event.type} ${event.name}`;
    case 'latch_changed':
      return `${event.type} ${event.name} ${event.change} ${String(event.count)}`;
    case 'queue_ready':
      return `${event.type} ${event.name} ${String(event.count)}`;
    case 'access_changed':
      return event.type;
    case 'waiting':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.requestId)}`;
    case 'wait_ended':
      return `${event.type} ${event.name} ${event.sessionId} ${String(event.requestId)} ${outcome(event.result)}`;
  }
}
