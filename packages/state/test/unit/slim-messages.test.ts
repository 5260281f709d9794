/** What a node keeps of a message that waits: there may be millions of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QueueCommand } from '../../src/primitives/queue/commands.ts';
import { execute } from '../../src/kernel/execute.ts';
import { SnapshotRestorer } from '../../src/kernel/snapshot/restore.ts';
import { SnapshotWriter } from '../../src/kernel/snapshot/snapshot.ts';
import { beginShare } from '../../src/kernel/work.ts';
import { Tables } from '../../src/kernel/tables.ts';
import { MessageRecord } from '../../src/primitives/queue/messages.ts';
import { lockName, outcome, roomyLimits } from './support/driver.ts';

const name = lockName('jobs');

function enter(tables: Tables, command: QueueCommand): void {
  beginShare(tables);
  const result = execute(tables, { identity: 'anonymous', command });
  assert.ok(result.ok, outcome(result));
}

/** With some messages that wait, of few keys and without more than each has. */
function pushed(): Tables {
  const tables = new Tables(roomyLimits);
  tables.timeMs = 5;
  const messages = [0, 1, 2, 3].map((number) => ({
    key: `k${String(number % 2)}`,
    payload: number,
  }));
  enter(tables, { type: 'queue_push', name, messages });
  return tables;
}

function restored(tables: Tables): Tables {
  const restorer = new SnapshotRestorer(new Tables(roomyLimits));
  for (const bytes of new SnapshotWriter(tables)) restorer.push(bytes);
  return restorer.end();
}

function messagesOf(tables: Tables): readonly MessageRecord[] {
  const records = [...(tables.queues.byName.get(name)?.live.values() ?? [])];
  return records.map((record) => {
    assert.ok(record instanceof MessageRecord);
    return record;
  });
}

const handled = (tables: Tables): readonly boolean[] =>
  messagesOf(tables).map(({ isHandled }) => isHandled);

describe('A message that waits', () => {
  test('has nothing of its own for what has not happened to it, also from a snapshot (SLIM-1)', () => {
    const tables = pushed();
    for (const each of [tables, restored(tables)])
      assert.deepEqual(handled(each), [false, false, false, false]);
    enter(tables, { type: 'queue_pop', name, count: 1, visibilityMs: 10 });
    for (const each of [tables, restored(tables)]) {
      assert.deepEqual(handled(each), [true, false, false, false]);
      const [taken, waits] = messagesOf(each);
      assert.deepEqual([taken?.state, taken?.deliveries, taken?.dueMs], ['in_flight', 1, 15]);
      assert.deepEqual([waits?.state, waits?.deliveries, waits?.dueMs], ['waiting', 0, 0]);
    }
  });

  test('shares what all messages of its push have, also from a snapshot (SLIM-1)', () => {
    const tables = pushed();
    const more: QueueCommand = { type: 'queue_push', name, messages: [{ key: 'k', payload: 1 }] };
    enter(tables, more);
    tables.timeMs = 6;
    enter(tables, more);
    for (const each of [tables, restored(tables)]) {
      const origins = messagesOf(each).map(({ origin }) => origin);
      assert.deepEqual(new Set(origins).size, 2);
      assert.deepEqual(
        origins.map(({ pushedAtMs }) => pushedAtMs),
        [5, 5, 5, 5, 5, 6],
      );
    }
  });
});
