/** One key with a million messages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createStateMachine, latestFeatureLevel, limitsWithoutLog } from '../../src/index.ts';
import type { Applied, Command, ResourceName } from '../../src/index.ts';

const name = 'jobs' as ResourceName;
const many = 1_000_000;
const perPush = 1000;
const others = 500;
const rounds = 15;
/** What a delivery may cost beside a million messages of another key, as a multiple of what it costs without them. */
const mostTimes = 3;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;

type Enter = (command: Command) => Applied;

/** Two messages for each of the others. */
function pushOthers(enter: Enter): void {
  const messages = Array.from({ length: others }, (_, other) => ({
    key: `key ${String(other)}`,
    payload: 1,
  }));
  for (let time = 0; time < 2; time++) enterPush(enter, messages);
}

function enterPush(enter: Enter, messages: readonly { key: string; payload: number }[]): void {
  const { results } = enter({ type: 'queue_push', name, messages });
  assert.ok(results[0]?.ok === true);
}

/** A queue whose key "hot" has so many messages. */
function queueWith(hot: number): Enter {
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
  const some = Array.from({ length: perPush }, () => ({ key: 'hot', payload: 1 }));
  for (let pushed = 0; pushed < hot; pushed += perPush) enterPush(enter, some);
  return enter;
}

/** Takes and acknowledges so many, one after the other. @returns Their keys, and the CPU time in ms. */
function drain(enter: Enter, count: number): [readonly string[], number] {
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
  test('is served in its turn, and a delivery of others costs what it costs without it (LANE-3)', () => {
    const alone = queueWith(0);
    const beside = queueWith(many);
    const aloneMs: number[] = [];
    const besideMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      pushOthers(alone);
      aloneMs.push(drain(alone, 2 * others)[1]);
      pushOthers(beside);
      const [keys, ms] = drain(beside, 2 * others + 2);
      besideMs.push(ms);
      // Each turn has every key once.
      for (const turn of [keys.slice(0, others + 1), keys.slice(others + 1)])
        assert.equal(new Set(turn).size, others + 1);
    }
    const told = [besideMs, aloneMs].map((all) => all.map((ms) => ms.toFixed(1)).join(', '));
    assert.ok(
      median(besideMs) < mostTimes * median(aloneMs),
      `${told.join(' ms, and ')} ms without it`,
    );
  });
});
