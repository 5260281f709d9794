import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast queue', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const queue = (...words: readonly string[]): Promise<Ended> =>
    holdfast(node.url, ['queue', ...words]).ended;

  it('given a message, when it is popped, then it is shown once, and then status 3', async () => {
    const pushed = await queue('push', 'user:123', '{"send":"welcome"}');
    assert.match(pushed.stdout, /^queue +default$/m);
    const popped = await queue('pop', '--json');
    const { messages } = JSON.parse(popped.stdout) as { messages: { payload: object }[] };
    assert.deepEqual(messages[0]?.payload, { send: 'welcome' });
    assert.equal((await queue('pop')).status, 3);
  });

  it('given messages, when a command works on them, then its exit status acknowledges', async () => {
    await queue('push', 'a', 'hello there', '--queue', 'work');
    const done = await queue(
      'work',
      '--queue',
      'work',
      '--once',
      '--',
      'sh',
      '-c',
      'cat; echo " $HOLDFAST_MESSAGE_KEY $HOLDFAST_DELIVERY"',
    );
    assert.equal(done.stdout, 'hello there a 1\n');
    assert.equal(done.status, 0);
    assert.match((await queue('stats', 'work')).stdout, /^work +0 /m);
    await queue('push', 'a', 'again', '--queue', 'work', '--max-deliveries', '1');
    const failed = await queue('work', '--queue', 'work', '--once', '--', 'sh', '-c', 'exit 7');
    assert.equal(failed.status, 7);
    const dead = await queue('dead', 'list', '--queue', 'work');
    assert.match(dead.stdout, /a +1 +the command ended with 7 +again/);
    assert.match((await queue('dead', 'redrive', '--queue', 'work')).stdout, /^redriven +1$/m);
    assert.match((await queue('purge', 'work', '--delete')).stdout, /^purged +1$/m);
    const gone = await queue('stats', 'work');
    assert.equal(gone.status, 0);
    assert.match(gone.stdout, /There is no queue "work"/);
  });

  it('given a queue without order, when it is configured, then messages without keys and delays are taken', async () => {
    const set = await queue('configure', 'loose', '--order', 'none', '--max-deliveries', '3');
    assert.match(set.stdout, /^order +none$/m);
    await queue('push', '--without-key', 'now', '--queue', 'loose');
    await queue('push', '--without-key', 'later', '--queue', 'loose', '--delay', '60');
    assert.match((await queue('pop', '--queue', 'loose', '--visibility', '30')).stdout, /now$/m);
    const stats = await queue('stats', 'loose');
    assert.match(stats.stdout, /^loose +2 +0 +1 +1 /m);
    // All is owned by the one node: its row says the same.
    const owner = /^\S+ +64 +2 +0 +1 +1 +0 +\d+\.\d s +(?<pushed>\d\.\d) +/m.exec(stats.stdout);
    assert.ok(owner, stats.stdout);
    const told = JSON.parse((await queue('stats', 'loose', '--json')).stdout) as {
      owners: { oldest_age_seconds: number; rates: { pushed: number } }[];
    };
    assert.ok((told.owners[0]?.oldest_age_seconds ?? -1) >= 0);
    assert.ok((told.owners[0]?.rates.pushed ?? 0) > 0);
  });

  it('given what is none, when it is used, then nothing is done and the status is 2', async () => {
    for (const words of [
      ['push', 'k', 'p', '--delay', 'long'],
      ['push', 'k', '12345678901234567890'],
      ['push', '--without-key', 'p', 'q'],
      ['push', 'k', 'p', '--max-deliveries', '0'],
      ['pop', '--count', 'all'],
      ['pop', '--visibility', '-1'],
      ['configure', 'x', '--order', 'any'],
      ['configure', 'x', '--on-dead', 'bury'],
      ['dead', 'redrive', 'first'],
      ['work', '--visibility', '0.1', '--', 'true'],
      ['work'],
    ])
      assert.equal((await queue(...words)).status, 2, words.join(' '));
  });
});
