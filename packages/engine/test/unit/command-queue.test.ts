import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HoldfastError } from '@holdfast/protocol';
import type { TraceSpan } from '@holdfast/protocol';
import type { ProposeAnswer } from '@holdfast/raft';
import type { Command, CommandResult, Envelope, ResourceName, SessionId } from '@holdfast/state';
import { Backlog } from '../../src/backlog.ts';
import { decodeBatch } from '../../src/batch.ts';
import type { Batch } from '../../src/batch.ts';
import { maxCommandBytes, maxPendingBytes, sharedBatchBytes } from '../../src/bounds.ts';
import { ClusterClock } from '../../src/cluster-clock.ts';
import { CommandQueue } from '../../src/command-queue.ts';
import { Interrupted } from '../../src/interrupted.ts';
import type { ProposalOutcome } from '../../src/proposals.ts';
import type { Replica } from '../../src/replica.ts';
import { StillClock } from './still-clock.ts';

const accepted = { ok: true, index: 1, term: 1 } as const;

interface Proposed {
  readonly batch: Batch;
  readonly byteLength: number;
  readonly end: (outcome: ProposalOutcome) => void;
  readonly onCommitted: (() => void) | undefined;
}

/** Takes proposals, and applies them when the test says so. */
class Log {
  readonly proposals: Proposed[] = [];
  answer: ProposeAnswer = accepted;
  state = { featureLevel: 1, workOf: () => 1 };
  room = { refusalOf: (_envelope: Envelope): HoldfastError | undefined => undefined };

  propose(
    batch: Batch,
    end: (outcome: ProposalOutcome) => void,
    data: Uint8Array,
    onCommitted?: () => void,
  ): ProposeAnswer {
    assert.deepEqual(decodeBatch(data), batch); // BATCH-1
    const { byteLength } = data;
    if (this.answer.ok) this.proposals.push({ batch, byteLength, end, onCommitted });
    return this.answer;
  }

  applyFirst(): Batch {
    const first = this.proposals.shift();
    assert.ok(first !== undefined);
    const results = first.batch.commands.map(
      (): CommandResult => ({ ok: true, type: 'done' }) as never,
    );
    first.end({ type: 'applied', index: 1, applied: { results, events: [] } });
    return first.batch;
  }
}

function start(): { log: Log; queue: CommandQueue; clock: StillClock } {
  const log = new Log();
  const clock = new StillClock();
  const queue = new CommandQueue(log as unknown as Replica, clock, new ClusterClock());
  return { log, queue, clock };
}

/** A command of about so many bytes. */
const commandOf = (byteLength: number, id = 's'): Envelope => ({
  identity: 'anonymous',
  command: { type: 'end_session', sessionId: id + 'x'.repeat(byteLength) } as unknown as Command,
});

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Submits, and tells how it ended. */
function submit(queue: CommandQueue, envelope: Envelope): Promise<CommandResult> {
  return new Promise((resolve, reject) => queue.submit(envelope, resolve, reject));
}

describe('The queue of commands', () => {
  it('refuses that for which its node has no room (LOG-ROOM-1, LOG-ROOM-2)', async () => {
    const { log, queue } = start();
    const noRoom = new HoldfastError('overloaded', 'no room');
    log.room.refusalOf = ({ identity }) => (identity === 'anonymous' ? noRoom : undefined);
    await assert.rejects(submit(queue, commandOf(10)), noRoom);
    assert.equal(queue.pendingCommands, 0);
    void submit(queue, { ...commandOf(10), identity: 'holdfast' });
    await endOfTurn();
    assert.equal(log.proposals.length, 1);
  });

  it('cuts batches by bytes: 520 commands of 65 kB become many entries (COMMANDS-4)', async () => {
    const { log, queue } = start();
    const answers = Array.from({ length: 520 }, () => submit(queue, commandOf(65_000)));
    await endOfTurn();
    let commands = 0;
    let batches = 0;
    while (log.proposals.length > 0) {
      for (const { byteLength } of log.proposals)
        assert.ok(byteLength <= sharedBatchBytes, String(byteLength));
      batches += 1;
      commands += log.applyFirst().commands.length;
      await endOfTurn();
    }
    assert.equal(commands, 520);
    assert.equal(batches, Math.ceil(520 / Math.floor(sharedBatchBytes / 65_000)));
    await Promise.all(answers);
    assert.equal(queue.pendingCommands, 0);
  });

  it('proposes in one turn no more than a batch and a half of bytes, and goes on in the next (COMMANDS-10)', async () => {
    const { log, queue, clock } = start();
    const turns: (() => void)[] = [];
    clock.endOfTurn = (callback) => void turns.push(callback);
    const large = ['a', 'b', 'c'].map((id) => submit(queue, commandOf(maxCommandBytes / 2, id)));
    turns.shift()?.();
    assert.equal(log.proposals.length, 1);
    turns.shift()?.();
    assert.equal(log.proposals.length, 2);
    assert.equal(turns.length, 0, 'two are in flight: what is left waits for the first');
    log.applyFirst();
    turns.shift()?.();
    assert.equal(log.proposals.length, 2);
    while (log.proposals.length > 0) log.applyFirst();
    await Promise.all(large);
    assert.equal(queue.pendingCommands, 0);
  });

  it('lets a command that is larger than a shared batch stand alone in its entry (BOUND-6)', async () => {
    const { log, queue } = start();
    const [small, large, other] = [commandOf(10), commandOf(400_000), commandOf(10, 'other')];
    const answers = [small, large, other].map((envelope) => submit(queue, envelope));
    const entries: Envelope[][] = [];
    await endOfTurn();
    while (log.proposals.length > 0) {
      entries.push([...log.applyFirst().commands]);
      await endOfTurn();
    }
    assert.deepEqual(entries, [[small], [large], [other]]);
    await Promise.all(answers);
  });

  it('does not propose a command whose time is over: nobody would have what it takes (COMMANDS-9)', async () => {
    const { log, queue, clock } = start();
    const inLog: Promise<CommandResult>[] = [];
    for (let at = 0; at < 2; at++) {
      inLog.push(submit(queue, commandOf(10)));
      await endOfTurn();
    }
    const deadlineMs = clock.now() + 5000;
    let refused: unknown;
    const fail = (error: unknown): void => {
      refused = error;
    };
    queue.submit(commandOf(10, 'late'), () => undefined, fail, undefined, deadlineMs);
    const inTime = submit(queue, commandOf(10, 'in time'));
    clock.standStill(5000);
    log.applyFirst();
    await endOfTurn();
    assert.ok(refused instanceof HoldfastError);
    assert.equal(refused.code, 'overloaded');
    log.applyFirst();
    const { commands } = log.applyFirst();
    assert.deepEqual(commands, [commandOf(10, 'in time')]);
    await Promise.all([...inLog, inTime]);
    assert.equal(queue.pendingCommands, 0);
  });

  it('cuts batches by number: an entry is applied in one turn', async () => {
    const { log, queue } = start();
    const answers = Array.from({ length: 300 }, () => submit(queue, commandOf(10)));
    const sizes: number[] = [];
    await endOfTurn();
    while (log.proposals.length > 0) {
      sizes.push(log.applyFirst().commands.length);
      await endOfTurn();
    }
    assert.deepEqual(sizes, [64, 64, 64, 64, 44]);
    await Promise.all(answers);
  });

  it('proposes four batches in a turn, and those of a third turn when all of one are applied', async () => {
    const { log, queue } = start();
    const answers = Array.from({ length: 900 }, () => submit(queue, commandOf(10)));
    await endOfTurn();
    await endOfTurn();
    assert.equal(log.proposals.length, 8);
    for (const left of [7, 6, 5]) {
      log.applyFirst();
      await endOfTurn();
      assert.equal(log.proposals.length, left);
    }
    log.applyFirst();
    await endOfTurn();
    assert.equal(log.proposals.length, 8);
    while (log.proposals.length > 0) {
      log.applyFirst();
      await endOfTurn();
    }
    await Promise.all(answers);
  });

  it('goes on behind however many commands whose time is over (COMMANDS-9)', async () => {
    const { log, queue, clock } = start();
    const deadlineMs = clock.now() + 5000;
    let [late, done] = [0, 0];
    for (let count = 0; count < 1000; count++)
      queue.submit(
        commandOf(10),
        () => assert.fail('It was executed.'),
        () => (late += 1),
        undefined,
        deadlineMs,
      );
    clock.pass(6000);
    queue.submit(
      commandOf(10, 'in time'),
      () => (done += 1),
      assert.fail,
      undefined,
      clock.now() + 5000,
    );
    for (let turn = 0; turn < 20; turn++) await endOfTurn();
    assert.equal(late, 1000);
    assert.equal(log.proposals.length, 1);
    log.applyFirst();
    assert.equal(done, 1);
  });

  it('keeps the order of commands, whatever their sizes (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 12 }),
        async (sizes) => {
          const { log, queue } = start();
          const ids = sizes.map((size, position) => {
            const envelope = commandOf(size, `${String(position)}-`);
            void submit(queue, envelope).catch(() => undefined);
            return envelope;
          });
          await endOfTurn();
          const applied: Envelope[] = [];
          while (log.proposals.length > 0) {
            const [first] = log.proposals;
            assert.ok(first !== undefined);
            assert.ok(first.byteLength <= sharedBatchBytes || first.batch.commands.length === 1);
            applied.push(...log.applyFirst().commands);
            await endOfTurn();
          }
          assert.deepEqual(applied, ids);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('refuses a command that fits in no batch, and says how large it is', async () => {
    const { log, queue } = start();
    await assert.rejects(submit(queue, commandOf(maxCommandBytes)), (error) => {
      assert.ok(error instanceof HoldfastError);
      assert.equal(error.code, 'limit_exceeded');
      assert.match(
        error.message,
        /has 5243\d\d bytes; the limit is 524288\. It was not executed\./,
      );
      const { limit, value, scope } = error.details;
      assert.deepEqual([limit, value, scope], ['max_command_bytes', maxCommandBytes, 'cluster']);
      return true;
    });
    await endOfTurn();
    assert.equal(log.proposals.length, 0);
    assert.equal(queue.pendingCommands, 0);
  });

  it('refuses what cannot be written, and throws nothing (COMMANDS-8)', () => {
    const { log, queue } = start();
    log.state.featureLevel = 3;
    let value: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    const metadata = value as never;
    const deep = {
      type: 'acquire',
      sessionId: 's' as SessionId,
      requestId: 1,
      name: 'a' as ResourceName,
      mode: 'exclusive',
      waitMs: 0,
      acquiredAtMs: 0,
      terms: { metadata },
    } satisfies Command;
    const told: unknown[] = [];
    const submit = (command: Command): void =>
      queue.submit(
        { identity: 'i', command },
        () => assert.fail(),
        (error) => told.push(error),
      );
    assert.doesNotThrow(() => submit(deep));
    const [error] = told;
    assert.ok(error instanceof HoldfastError, String(error));
    assert.deepEqual([error.code, error.effect], ['invalid_request', 'none']);
    assert.equal(queue.pendingCommands, 0);
  });

  it('measures bytes, not characters', async () => {
    const { queue } = start();
    const half = '€'.repeat(maxCommandBytes / 3);
    const command = { type: 'end_session', sessionId: half as SessionId } as const;
    await assert.rejects(submit(queue, { identity: 'anonymous', command }), {
      code: 'limit_exceeded',
    });
  });

  it('is full when it has too many bytes, and takes more once some are done (BOUND-4)', async () => {
    const { log, queue } = start();
    const size = 500_000;
    const fits = Math.floor(maxPendingBytes / size) - 1;
    // Whoever is refused is refused at once.
    const refusal = (): string => {
      let code = 'none';
      queue.submit(
        commandOf(size),
        () => undefined,
        (error) => (code = error instanceof HoldfastError ? error.code : error.message),
      );
      return code;
    };
    for (let count = 0; count < fits; count++) assert.equal(refusal(), 'none', String(count));
    // One more fits, or two: each takes a little more than its text.
    for (let count = 0; count < 2; count++) refusal();
    assert.equal(refusal(), 'overloaded');
    await endOfTurn();
    assert.equal(refusal(), 'overloaded');
    log.applyFirst();
    const late = submit(queue, commandOf(size));
    while (queue.pendingCommands > 0) {
      await endOfTurn();
      if (log.proposals.length > 0) log.applyFirst();
    }
    await late;
  });

  it('rejects for good what the log finds too large, and does not propose it again', async () => {
    const { log, queue } = start();
    log.answer = { ok: false, reason: 'too_large' };
    await assert.rejects(submit(queue, commandOf(10)), (error) => {
      return error instanceof HoldfastError && error.code === 'limit_exceeded';
    });
    assert.equal(queue.pendingCommands, 0);
  });

  it('proposes again, in order, what the log had no room for', async () => {
    const { log, queue } = start();
    log.answer = { ok: false, reason: 'too_much_uncommitted' };
    const envelopes = Array.from({ length: 2500 }, (_, position) =>
      commandOf(10, `${String(position)}-`),
    );
    const answers = envelopes.map((envelope) => submit(queue, envelope));
    await endOfTurn();
    queue.flushSoon();
    await endOfTurn();
    assert.equal(queue.pendingCommands, 2500);
    log.answer = accepted;
    queue.flushSoon();
    const applied: Envelope[] = [];
    await endOfTurn();
    while (log.proposals.length > 0) {
      applied.push(...log.applyFirst().commands);
      await endOfTurn();
    }
    assert.deepEqual(applied, envelopes);
    await Promise.all(answers);
  });

  it('tells those that wait in it that nothing was done when leadership ends', async () => {
    const { log, queue } = start();
    log.answer = { ok: false, reason: 'transferring' };
    const answer = submit(queue, commandOf(10));
    await endOfTurn();
    queue.interrupt();
    await assert.rejects(answer, (error) => error instanceof Interrupted && !error.begun);
    assert.equal(queue.pendingCommands, 0);
  });
});

/** Turns end when the test says so. */
class TurnClock extends StillClock {
  #callbacks: (() => void)[] = [];

  override endOfTurn(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  /** Returns whether anything was left for it. */
  async endTurn(): Promise<boolean> {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
    await endOfTurn();
    return callbacks.length > 0;
  }
}

describe('The queue of commands of a leader that many wait for', () => {
  const perTurn = 200;
  const acquire = (number: number): Envelope => ({
    identity: 'anonymous',
    command: {
      type: 'acquire',
      sessionId: `s${String(number)}`,
      requestId: 1,
      name: 'x',
      waitMs: 60_000,
      mode: 'exclusive',
      acquiredAtMs: null,
    } as unknown as Command,
  });

  /** So many acquires that wait in the state, and so many more that are not proposed yet. */
  async function waiting(inState: number, queued: number) {
    const log = new Log();
    const clock = new TurnClock();
    const queue = new CommandQueue(log as unknown as Replica, clock, new ClusterClock());
    const told: { readonly number: number; readonly error: unknown }[] = [];
    const submitAll = (from: number, to: number): void => {
      for (let number = from; number < to; number++)
        queue.submit(
          acquire(number),
          () => assert.fail(),
          (error) => void told.push({ number, error }),
        );
    };
    submitAll(0, inState);
    await clock.endTurn();
    while (log.proposals.length > 0) {
      const [first] = log.proposals.splice(0, 1);
      const results = first?.batch.commands.map(
        () => ({ ok: true, type: 'queued' }) as unknown as CommandResult,
      );
      first?.end({ type: 'applied', index: 1, applied: { results: results ?? [], events: [] } });
      await clock.endTurn();
    }
    log.answer = { ok: false, reason: 'transferring' };
    submitAll(inState, inState + queued);
    return { log, clock, queue, told };
  }

  it('tells them a slice a turn that it stopped leading, in order, and counts them until then (COMMANDS-5)', async () => {
    const { clock, queue, told } = await waiting(1500, 500);
    assert.equal(queue.waitingAcquires, 2000);
    queue.interrupt();
    assert.equal(told.length, perTurn);
    for (let turns = 1; told.length < 2000; turns++) {
      assert.ok(told.length <= turns * perTurn, `${String(told.length)} in ${String(turns)} turns`);
      assert.equal(queue.pendingCommands + queue.waitingAcquires, 2000 - told.length);
      assert.ok(await clock.endTurn());
    }
    const numbers = Array.from({ length: 2000 }, (_, number) => number);
    assert.deepEqual(
      told.map(({ number }) => number),
      [...numbers.slice(1500), ...numbers.slice(0, 1500)],
    );
    assert.equal(queue.pendingCommands, 0);
    assert.equal(queue.waitingAcquires, 0);
  });

  it('makes one error for all that were not begun, and one for all that were (COMMANDS-5)', async () => {
    const { clock, queue, told } = await waiting(300, 300);
    queue.interrupt();
    while (told.length < 600) assert.ok(await clock.endTurn());
    const errors = [...new Set(told.map(({ error }) => error))];
    assert.deepEqual(
      errors.map((error) => error instanceof Interrupted && error.begun),
      [false, true],
    );
  });

  it('tells everybody once when the node closes while it does so, and says when that is done', async () => {
    const { clock, queue, told } = await waiting(500, 500);
    queue.interrupt();
    await clock.endTurn();
    const toldWhenDone: number[] = [];
    void queue.allTold().then(() => toldWhenDone.push(told.length));
    queue.endWaits(new Interrupted(true, 'this node is stopping'));
    queue.interrupt();
    while (await clock.endTurn());
    assert.deepEqual(toldWhenDone, [1000]);
    assert.equal(told.length, 1000);
    assert.equal(new Set(told.map(({ number }) => number)).size, 1000);
  });

  it('takes a new acquire under the same number while the old one is not told yet, and answers it', async () => {
    const { log, clock, queue, told } = await waiting(1000, 0);
    queue.interrupt();
    log.answer = accepted;
    const again = submit(queue, acquire(999));
    while (told.length < 1000) assert.ok(await clock.endTurn());
    log.applyFirst();
    assert.equal((await again).ok, true);
  });
});

describe('A backlog', () => {
  it('is a list of which the front is taken and put back (property)', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('push' as const), count: fc.nat(20) }),
      fc.record({ type: fc.constant('take' as const), count: fc.nat(20), bytes: fc.nat(60) }),
      fc.record({ type: fc.constant('putBack' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const backlog = new Backlog<{ byteLength: number; id: number }>();
        let model: { byteLength: number; id: number }[] = [];
        let taken: typeof model = [];
        let id = 0;
        for (const each of steps) {
          if (each.type === 'push') {
            for (let count = 0; count < each.count; count++) {
              const item = { byteLength: id % 7, id: id++ };
              backlog.push(item);
              model.push(item);
            }
          } else if (each.type === 'take') {
            taken = backlog.take(each.count, each.bytes);
            assert.deepEqual(taken, model.slice(0, taken.length));
            const bytes = taken.reduce((sum, item) => sum + item.byteLength, 0);
            assert.ok(taken.length <= 1 || bytes <= each.bytes);
            assert.ok(taken.length > 0 || each.count === 0 || model.length === 0);
            model = model.slice(taken.length);
          } else {
            backlog.putBack(taken);
            model = [...taken, ...model];
            taken = [];
          }
          assert.equal(backlog.count, model.length);
          assert.equal(
            backlog.byteLength,
            model.reduce((sum, item) => sum + item.byteLength, 0),
          );
        }
        assert.deepEqual(backlog.takeAll(), model);
      }),
    );
  });
});

describe('Under a feature level (COMMANDS-6)', () => {
  const envelope: Envelope = {
    identity: 'anonymous',
    proof: 'none',
    address: '192.0.2.1',
    command: { type: 'advance' },
  };

  it('is logged, and applied, what that level has', async () => {
    const { log, queue } = start();
    void submit(queue, envelope);
    await endOfTurn();
    const { proof: _proof, address: _address, ...known } = envelope;
    assert.deepEqual(log.proposals[0]?.batch.commands, [known]);
    log.state.featureLevel = 2;
    void submit(queue, envelope);
    await endOfTurn();
    assert.deepEqual(log.proposals[1]?.batch.commands, [envelope]);
  });

  it('is refused what belongs to a later one, and nothing is logged', async () => {
    const { log, queue } = start();
    const later = { identity: 'anonymous', command: { type: 'push' } as unknown as Command };
    await assert.rejects(submit(queue, later), (error) => {
      assert.ok(error instanceof HoldfastError);
      assert.equal(error.code, 'not_supported_yet');
      assert.match(
        error.message,
        /at feature level 1, at which a command of the type "push" cannot/,
      );
      return true;
    });
    await endOfTurn();
    assert.deepEqual(log.proposals, []);
  });
});

describe('The spans of a command', () => {
  /** Tells what begins and ends beneath it. */
  const parentTo = (told: string[], path = ''): TraceSpan => ({
    context: { traceparent: '' },
    begin(name) {
      const own = `${path}/${name}`;
      told.push(`begin ${own}`);
      return parentTo(told, own);
    },
    end: (errorCode) => told.push(`end ${path} ${errorCode ?? 'ok'}`),
  });

  it('are commit, and apply beneath it, each ended once', async () => {
    const { log, queue } = start();
    const told: string[] = [];
    const done = new Promise<CommandResult>((resolve, reject) => {
      queue.submit(commandOf(1), resolve, reject, parentTo(told));
    });
    const untraced = submit(queue, commandOf(1, 'other'));
    await endOfTurn();
    assert.deepEqual(told, ['begin /holdfast.commit']);
    log.proposals[0]?.onCommitted?.();
    const apply = '/holdfast.commit/holdfast.apply';
    assert.deepEqual(told.slice(1), ['end /holdfast.commit ok', `begin ${apply}`]);
    log.applyFirst();
    await Promise.all([done, untraced]);
    assert.deepEqual(told.slice(3), [`end ${apply} ok`]);
  });

  it('end with the leadership', async () => {
    const { log, queue } = start();
    const told: string[] = [];
    const ended = new Promise<Error>((resolve) => {
      queue.submit(commandOf(1), () => undefined, resolve, parentTo(told));
    });
    await endOfTurn();
    log.proposals[0]?.end({ type: 'unknown' });
    assert.ok((await ended) instanceof Interrupted);
    assert.deepEqual(told, ['begin /holdfast.commit', 'end /holdfast.commit interrupted']);
  });

  it('cost nothing where there is no trace: nobody asks to be told of a commit', async () => {
    const { log, queue } = start();
    const done = submit(queue, commandOf(1));
    await endOfTurn();
    assert.equal(log.proposals[0]?.onCommitted, undefined);
    log.applyFirst();
    await done;
  });
});
