/** One key with a million messages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createStateMachine, latestFeatureLevel, limitsWithoutLog } from '../../src/index.ts';
import type { Applied, Command, ResourceName } from '../../src/index.ts';

const name = 'jobs' as ResourceName;
const many = 1_000_000;
const perPush = 1000;
const others = 2000;

/** Pushes a message of each key. */
type Push = (keys: readonly string[]) => void;

interface Queue {
  readonly enter: (command: Command) => Applied;
  readonly push: Push;
}

/** A queue whose key "hot" has so many messages. */
function queueWith(hot: number): Queue {
  const machine = createStateMachine({
    ...limitsWithoutLog,
    maxMessagesPerQueue: 2 * many,
    maxMessageBytesPerQueue: 2 ** 40,
    maxMessageBytes: 2 ** 40,
  });
  let index = 0;
  const enter = (command: Command): Applied => {
    index += 1;
    return machine.apply({ index, time: index, commands: [{ identity: 'test', command }] });
  };
  enter({ type: 'raise_feature_level', level: latestFeatureLevel });
  const push: Push = (keys) => {
    const messages = keys.map((key) => ({ key, payload: 1 }));
    const { results } = enter({ type: 'queue_push', name, messages });
    assert.ok(results[0]?.ok === true);
  };
  for (let pushed = 0; pushed < hot; pushed += perPush)
    push(Array.from({ length: perPush }, () => 'hot'));
  return { enter, push };
}

/** Two messages of each of the other keys. */
function pushOthers(push: Push): void {
  for (let round = 0; round < 2; round++)
    push(Array.from({ length: others }, (_, other) => `key ${String(other)}`));
}

/** Takes and acknowledges so many, one after the other. @returns Their keys, and the CPU time in ms. */
function drain({ enter }: Queue, count: number): [readonly string[], number] {
  const keys: string[] = [];
  const before = process.cpuUsage();
  for (let taken = 0; taken < count; taken++) {
    const [popped] = enter({ type: 'queue_pop', name, count: 1, visibilityMs: 2 ** 40 }).results;
    assert.ok(popped?.ok === true && popped.type === 'queue_taken');
    const [message] = popped.deliveries;
    assert.ok(message !== undefined);
    const { id, key, delivery, fenceToken } = message;
    keys.push(key);
    enter({ type: 'queue_ack', name, receipt: { messageId: id, delivery, fenceToken } });
  }
  const { user, system } = process.cpuUsage(before);
  return [keys, (user + system) / 1000];
}

describe('a key with a million messages', () => {
  test('is served in its turn, and a delivery of others costs what it costs without it (LANE-3)', (t) => {
    const alone = queueWith(0);
    const beside = queueWith(many);
    const rounds = Array.from({ length: 11 }, () => {
      pushOthers(alone.push);
      const [, aloneMs] = drain(alone, 2 * others);
      pushOthers(beside.push);
      const [keys, besideMs] = drain(beside, 2 * others + 2);
      // Each turn has every key once.
      for (const turn of [keys.slice(0, others + 1), keys.slice(others + 1)])
        assert.equal(new Set(turn).size, others + 1);
      return besideMs / aloneMs;
    });
    const median = rounds.toSorted((a, b) => a - b)[5] ?? assert.fail();
    const told = `${median.toFixed(2)} times as much (${rounds.map((one) => one.toFixed(1)).join(', ')})`;
    t.diagnostic(told);
    assert.ok(median < 3, told);
  });
});
