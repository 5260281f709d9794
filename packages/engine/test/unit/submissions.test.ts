import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Status } from '@holdfast/raft';
import type {
  Command,
  CommandResult,
  Envelope,
  Refusal,
  RequestId,
  ResourceName,
  SessionId,
} from '@holdfast/state';
import type { Call } from '../../src/calls.ts';
import type { CommandQueue } from '../../src/command-queue.ts';
import { Interrupted } from '../../src/interrupted.ts';
import { LeaderRoute } from '../../src/leader-route.ts';
import type { Leader, CallBounds } from '../../src/leader-route.ts';
import { Stamps } from '../../src/stamps.ts';
import { Submissions } from '../../src/submissions.ts';
import type { Transport } from '../../src/transport/types.ts';
import { StillClock } from './still-clock.ts';
import { silentLog } from '../cluster.ts';

const sessionId = 'session-1' as SessionId;
const acquire = (waitMs: number): Command => ({
  type: 'acquire',
  sessionId,
  requestId: 1,
  name: 'x' as ResourceName,
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 1,
});

type Taken = Extract<CommandResult, { readonly type: 'queue_taken' }>;
const noPayloads = { taken: (): Promise<Taken> => assert.fail('Nothing is taken here.') };

const missing: Refusal = { ok: false, code: 'session_not_found', message: 'There is none.' };

/** What each leader in turn is told of a command; all but the last are lost meanwhile. */
async function toldTo(
  leaders: readonly Leader[],
  command: Command,
  refusal: Refusal = missing,
): Promise<boolean[]> {
  const told: boolean[] = [];
  const execute = ({ repeated }: Pick<Envelope, 'repeated'>): void => {
    told.push(repeated === true);
  };
  const queue = {
    submit: (
      envelope: Envelope,
      resolve: (result: Refusal) => void,
      reject: (error: Error) => void,
    ) => {
      execute(envelope);
      if (told.length < leaders.length) reject(new Interrupted(true, 'lost'));
      else resolve(refusal);
    },
  } as unknown as CommandQueue;
  const route = {
    closing: false,
    leaderNow: () => leaders[0],
    ask: (_leader: Leader, _bounds: CallBounds, call: Extract<Call, { type: 'submit' }>) => {
      execute(call);
      return told.length < leaders.length
        ? Promise.reject(new Interrupted(true, 'lost'))
        : Promise.resolve(refusal);
    },
    async follow(_bounds: CallBounds, _: boolean, attempt: (leader: Leader) => Promise<unknown>) {
      for (;;) {
        const leader = leaders[told.length];
        assert.ok(leader !== undefined);
        try {
          return await attempt(leader);
        } catch (error) {
          if (!(error instanceof Interrupted)) throw error;
        }
      }
    },
  } as unknown as LeaderRoute;
  const submissions = new Submissions({
    clock: new StillClock(),
    log: silentLog,
    queue,
    route,
    stamps: new Stamps(() => ({ time: 0, index: 0 })),
    payloads: noPayloads,
  });
  await submissions.submit(command, { identity: 'anonymous' });
  return told;
}

/** The commands that the leader is given when the caller of one hangs up, in order. */
function givenWhenHungUp(requestId: RequestId): readonly string[] {
  const given: string[] = [];
  const queue = {
    submit: ({ command }: Envelope) => given.push(command.type),
  } as unknown as CommandQueue;
  const route = {
    closing: false,
    leaderNow: () => 'self',
  } as unknown as LeaderRoute;
  const [clock, stamps] = [new StillClock(), new Stamps(() => ({ time: 0, index: 0 }))];
  const parts = { clock, log: silentLog, queue, route, stamps };
  const submissions = new Submissions({ ...parts, payloads: noPayloads });
  const hangUp = new AbortController();
  const command = { ...acquire(1000), requestId } as Command;
  const asked = { deadlineMs: clock.nowMs + 6000, trace: undefined };
  void submissions.submitHere({ identity: 'anonymous', command }, hangUp.signal, asked);
  hangUp.abort();
  void submissions.submitHere({ identity: 'anonymous', command }, undefined, asked);
  return given;
}

describe('A wait whose caller has hung up', () => {
  it('is left to the caller where it has a number: a repetition may be told of the hold (CANCELLATION-1)', () => {
    assert.deepEqual(givenWhenHungUp(7), ['acquire', 'acquire']);
  });

  it('is cancelled at once where it has none', () => {
    assert.deepEqual(givenWhenHungUp('made-here'), ['acquire', 'abandon', 'acquire']);
  });
});

describe('A command on a leader that cannot have it committed', () => {
  /** Nothing is answered before the test says so. @param taken How payloads are read. */
  function start(taken: (result: Taken) => Promise<Taken> = noPayloads.taken): {
    readonly clock: StillClock;
    readonly given: Given[];
    readonly submissions: Submissions;
  } {
    const given: Given[] = [];
    const queue = {
      submit: (
        { command }: Envelope,
        resolve: (result: CommandResult) => void,
        reject: (error: Error) => void,
        _trace: unknown,
        deadlineMs: number,
      ) => given.push({ command, resolve, reject, deadlineMs }),
    } as unknown as CommandQueue;
    const [clock, stamps] = [new StillClock(), new Stamps(() => ({ time: 0, index: 0 }))];
    const status = { role: 'leader', leader: 'a', ready: true } as unknown as Status;
    const route = new LeaderRoute(clock, {} as Transport, status);
    const parts = { clock, log: silentLog, queue, route, stamps };
    const submissions = new Submissions({ ...parts, payloads: { taken } });
    return { clock, given, submissions };
  }
  interface Given {
    readonly command: Command;
    readonly resolve: (result: CommandResult) => void;
    readonly reject: (error: Error) => void;
    readonly deadlineMs: number;
  }
  /** How it has ended by now. */
  const told = (call: Promise<unknown>): (() => unknown) => {
    let outcome: unknown;
    const end = (found: unknown): void => {
      outcome = found;
    };
    call.then(end, end);
    return () => outcome;
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  for (const [name, command, longestMs] of [
    ['one that is answered at once', { type: 'advance' }, 1000],
    ['one that may wait', acquire(3000), 4000],
  ] as const)
    for (const way of ['asked here', 'passed on by another node'])
      it(`ends in its time, with an unknown outcome: ${name}, ${way} (SUBMISSION-2)`, async () => {
        const { clock, given, submissions } = start();
        const caller = { identity: 'anonymous' };
        const asked = { deadlineMs: clock.nowMs + longestMs, trace: undefined };
        const call = told(
          way === 'asked here'
            ? submissions.submit(command, { ...caller, timeoutMs: 1000 })
            : submissions.submitHere({ ...caller, command }, undefined, asked),
        );
        clock.pass(longestMs - 1);
        await turn();
        assert.equal(call(), undefined);
        clock.pass(501);
        await turn();
        const outcome = call();
        assert.ok(outcome instanceof HoldfastError, String(outcome));
        assert.equal(outcome.code, 'outcome_unknown');
        // It is not submitted again when this node stops to lead
        given[0]?.reject(new Interrupted(false, 'this node stopped leading'));
        await turn();
        clock.pass(10_000);
        await turn();
        assert.deepEqual(
          given.map(({ command: one }) => one.type),
          [command.type],
        );
      });

  it('takes its deadline with it into the queue, however it came (WRITE-6)', async () => {
    const { clock, given, submissions } = start();
    const command: Command = { type: 'cache_delete', name: 'x' as ResourceName };
    const asked = { deadlineMs: clock.nowMs + 700, trace: undefined };
    const calls = [
      submissions.submit(command, { identity: 'anonymous', timeoutMs: 1000 }),
      submissions.submitHere({ identity: 'anonymous', command }, undefined, asked),
    ];
    assert.deepEqual(
      given.map(({ deadlineMs }) => deadlineMs - clock.nowMs),
      [1000, 700],
    );
    for (const { reject } of given) reject(new Error('no more'));
    await Promise.allSettled(calls);
  });

  const pop: Command = {
    type: 'queue_pop',
    name: 'mail' as ResourceName,
    count: 1,
    visibilityMs: 60_000,
  };
  const stored = { id: 1, byteLength: 7, hash: 1 };
  const delivery = { id: 1, key: 'a', delivery: 1, maxDeliveries: 10, fenceToken: 1 as never };
  const inState: Taken = {
    ok: true,
    type: 'queue_taken',
    deliveries: [{ ...delivery, payload: '', stored }],
  };
  const whole: Taken = { ...inState, deliveries: [{ ...delivery, payload: '"hello"' }] };

  it('is told what it took where that was committed in its time, and comes later (SUBMISSION-3)', async () => {
    for (const isRead of [true, false]) {
      const reading = Promise.withResolvers<Taken>();
      const { clock, given, submissions } = start(() => reading.promise);
      const call = told(submissions.submit(pop, { identity: 'anonymous', timeoutMs: 1000 }));
      clock.pass(900);
      given[0]?.resolve(inState);
      clock.pass(10_000);
      await turn();
      assert.equal(call(), undefined);
      const failure = new HoldfastError('outcome_unknown', 'Its payload is damaged.');
      if (isRead) reading.resolve(whole);
      else reading.reject(failure);
      await turn();
      assert.equal(call(), isRead ? whole : failure);
    }
  });

  it('has nothing read for it where it was told before that its time was over (SUBMISSION-3)', async () => {
    const { clock, given, submissions } = start(() => Promise.reject(new Error('It is read.')));
    const call = told(submissions.submit(pop, { identity: 'anonymous', timeoutMs: 1000 }));
    clock.pass(2000);
    await turn();
    assert.ok(call() instanceof HoldfastError);
    // An error that nobody looks at would end the process of the test
    given[0]?.resolve(inState);
    await turn();
  });

  it('is cancelled where its caller has no number for it (CANCELLATION-1)', async () => {
    const { clock, given, submissions } = start();
    const command = { ...acquire(0), requestId: 'made-here' as RequestId } as Command;
    const call = told(submissions.submit(command, { identity: 'anonymous', timeoutMs: 1000 }));
    clock.pass(2000);
    await turn();
    assert.ok(call() instanceof HoldfastError);
    assert.deepEqual(
      given.map(({ command: one }) => one.type),
      ['acquire', 'abandon'],
    );
  });
});

describe('A command that is submitted again under the next leader', () => {
  const some = 'b' as Leader;

  it('says so where it may wait: its client may be gone by then (LIFE-1)', async () => {
    assert.deepEqual(await toldTo(['self', some, 'self', some], acquire(1000)), [
      false,
      true,
      true,
      true,
    ]);
    assert.deepEqual(await toldTo([some, 'self', some], acquire(1000)), [false, true, true]);
  });

  it('says nothing where it is answered at once: its client waits for that', async () => {
    for (const command of [acquire(0), { type: 'advance' } as const])
      assert.deepEqual(await toldTo(['self', some, 'self'], command), [false, false, false]);
  });
});

describe('a copy that is refused because rights have changed (SUBMISSION-1)', () => {
  const changed: Refusal = { ok: false, code: 'access_changed', message: 'Changed.' };

  it('does not say that nothing was done where a copy before it may have been executed', async () => {
    for (const leaders of [
      ['self', 'self'],
      ['self', 'node-2'],
      ['node-2', 'self'],
    ] as Leader[][])
      await assert.rejects(toldTo(leaders, acquire(0), changed), { code: 'outcome_unknown' });
  });

  it('is told as it is where it is the first one', async () => {
    for (const leader of ['self', 'node-2'] as Leader[])
      assert.deepEqual(await toldTo([leader], acquire(0), changed), [false]);
  });
});
