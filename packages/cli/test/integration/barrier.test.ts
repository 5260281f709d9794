import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { holdfast, startOneNode, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast barrier', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const start = (...words: readonly string[]) => holdfast(node.url, ['barrier', ...words]);
  const barrier = (...words: readonly string[]): Promise<Ended> => start(...words).ended;

  async function untilShown(name: string, what: RegExp): Promise<void> {
    while (!what.test((await barrier('status', name)).stdout));
  }

  it('given two who meet, when the second comes, then both commands run, and each ends with its own status when both have left', async () => {
    const files = { began: join(node.folder, 'began'), go: join(node.folder, 'go') };
    const quick = start(
      'enter',
      '--parties',
      '2',
      '--client-id',
      'quick',
      'a',
      '--',
      'sh',
      '-c',
      `echo "$HOLDFAST_BARRIER_NAME $HOLDFAST_PARTIES"; touch ${files.began}; exit 7`,
    );
    await untilShown('a', /^a: 1 of 2 have come \(round \d+\)\.\n\nCLIENT\nquick$/m);
    assert.ok(!existsSync(files.began), 'alone it does not begin');
    const slow = start(
      'enter',
      '--parties',
      '2',
      'a',
      '--',
      'sh',
      '-c',
      `until [ -e ${files.go} ]; do sleep 0.05; done`,
    );
    await until('the quick one', () => existsSync(files.began));
    await untilShown('a', /^a: all 2 have come, 1 have not left yet/m);
    assert.equal(quick.child.exitCode, null, 'it waits for the other');
    await holdfast(node.url, ['lock', 'run', 'x', '--', 'touch', files.go]).ended;
    const [first, second] = await Promise.all([quick.ended, slow.ended]);
    assert.equal(first.status, 7, first.stderr);
    assert.equal(first.stdout, 'a 2\n');
    assert.equal(second.status, 0, second.stderr);
    assert.equal((await barrier('status', 'a')).stdout, 'Nobody is inside a.\n');
  });

  it('given no command, when all have come, then each ends at once', async () => {
    const first = barrier('enter', '--parties', '2', 'b');
    const second = barrier('enter', '--parties', '2', 'b');
    for (const { status, stdout, stderr } of await Promise.all([first, second])) {
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^open +true$/m);
    }
  });

  it('given too few, when the wait runs out, then the command does not run, and status 3 tells where to look', async () => {
    for (const wait of ['0', '0.2']) {
      const { status, stdout, stderr } = await barrier(
        'enter',
        '--parties',
        '2',
        '--wait',
        wait,
        'c',
        '--',
        'echo',
        'ran',
      );
      assert.equal(status, 3, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /wait_timeout[^]*holdfast barrier status NAME/);
    }
    assert.equal((await barrier('status', 'c')).stdout, 'Nobody is inside c.\n');
  });

  it('given one who waits, when another names another number of parties, then it is refused; when a signal comes, the one who waits is out', async () => {
    const first = start('enter', '--parties', '2', 'd');
    await untilShown('d', /1 of 2/);
    const other = await barrier('enter', '--parties', '3', 'd');
    assert.equal(other.status, 1);
    assert.match(other.stderr, /limit_mismatch[^]*tells its number of parties/);
    first.child.kill('SIGINT');
    assert.equal((await first.ended).status, 128 + 2);
    assert.equal((await barrier('status', 'd')).stdout, 'Nobody is inside d.\n');
  });

  it('given a member that stays, when the other has left and its wait runs out, then that is told and the status stays that of the command', async () => {
    const stays = start('enter', '--parties', '2', 'e', '--', 'sleep', '60');
    const leaves = await barrier(
      'enter',
      '--parties',
      '2',
      '--leave-wait',
      '0.2',
      'e',
      '--',
      'sh',
      '-c',
      'exit 5',
    );
    assert.equal(leaves.status, 5, leaves.stderr);
    assert.match(leaves.stderr, /not all have left "e" in time/);
    stays.child.kill('SIGTERM');
    assert.equal((await stays.ended).status, 128 + 15);
  });

  it('given a number that is none, when it enters, then nothing is done and the status is 2', async () => {
    for (const words of [
      ['x'],
      ['--parties', '0', 'x'],
      ['--parties', '2', '--leave-wait', 'long', 'x'],
    ])
      assert.equal((await barrier('enter', ...words)).status, 2, words.join(' '));
  });
});
