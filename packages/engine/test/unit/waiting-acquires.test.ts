import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandResult, Envelope, Event, ResourceName, SessionId } from '@holdfast/state';
import { ClusterClock } from '../../src/cluster-clock.ts';
import { CommandQueue } from '../../src/command-queue.ts';
import type { Replica } from '../../src/replica.ts';
import { WaitingAcquires } from '../../src/waiting-acquires.ts';
import { StillClock } from './still-clock.ts';

describe('Acquires that wait', () => {
  it('given copies of one, then each comes and goes without a look at the others (COPIES-1)', () => {
    const waiting = new WaitingAcquires<{ readonly number: number }>();
    const copies = Array.from({ length: 1000 }, (_, number) => ({ number }));
    const real = Reflect.get(Set.prototype, Symbol.iterator);
    let walks = 0;
    Reflect.set(Set.prototype, Symbol.iterator, function walked(this: unknown): unknown {
      walks += 1;
      return Reflect.apply(real, this, []);
    });
    for (const copy of copies) waiting.add('k', copy);
    for (const copy of copies) if (copy.number !== 7) waiting.remove('k', copy);
    waiting.remove('k', { number: 7 });
    Reflect.set(Set.prototype, Symbol.iterator, real);
    assert.equal(walks, 0);
    assert.equal(waiting.count, 1);
    assert.deepEqual([...waiting.takeAll()], [{ number: 7 }]);
    assert.equal(waiting.count, 0);
  });

  it('given one of each, then it is taken once, and of another one nothing goes', () => {
    const waiting = new WaitingAcquires<{ readonly number: number }>();
    const [first, second] = [{ number: 1 }, { number: 2 }];
    waiting.add('a', first);
    waiting.remove('a', second);
    assert.equal(waiting.count, 1);
    assert.equal(waiting.take('a'), first);
    assert.equal(waiting.take('a'), undefined);
    waiting.add('b', first);
    waiting.add('b', second);
    assert.deepEqual([...waiting.takeAll()], [first, second]);
    assert.equal(waiting.count, 0);
  });

  it('given 1,000 copies of one, when its wait ends, then each is told once, in order, some in a turn (COMMANDS-5)', async () => {
    const state = { featureLevel: 1, workOf: () => 1 };
    const log = {
      state,
      propose: () => ({ ok: true, index: 1, term: 1 }),
      room: { refusalOf: () => undefined },
    };
    const clock = new StillClock();
    const queue = new CommandQueue(log as unknown as Replica, clock, new ClusterClock());
    const sessionId = 's' as SessionId;
    const name = 'x' as ResourceName;
    const envelope: Envelope = {
      identity: 'anonymous',
      command: {
        type: 'acquire',
        sessionId,
        requestId: 1,
        name,
        mode: 'exclusive',
        waitMs: 1000,
        acquiredAtMs: 1,
      },
    };
    const told: number[] = [];
    for (let number = 0; number < 1000; number++)
      queue.submit(envelope, () => told.push(number), assert.fail);
    assert.equal(queue.waitingAcquires, 1000);
    const result = { ok: true, type: 'granted' } as unknown as CommandResult;
    const ended = { type: 'wait_ended', sessionId, requestId: 1, name, result };
    queue.onEvents([ended as unknown as Event]);
    assert.equal(told.length, 200);
    assert.equal(queue.waitingAcquires, 800);
    await queue.allTold();
    assert.deepEqual(told, [...Array.from({ length: 1000 }).keys()]);
    assert.equal(queue.waitingAcquires, 0);
  });
});
