import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forceOpen, holdfast, runsUntilTold, startOneNode, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';
import { untilSo } from '../../../checker/src/waits.ts';

describe('the terms of what is held', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  const start = (...words: readonly string[]) => holdfast(node.url, words);
  const run = (...words: readonly string[]): Promise<Ended> => start(...words).ended;

  /** A command that holds until it is told to end. */
  async function holding(label: string, ...words: readonly string[]) {
    const marker = join(node.folder, label);
    const begun = start(...words, '--', ...runsUntilTold(marker));
    await until(`the command of ${label}`, () => existsSync(marker));
    return begun;
  }

  const kinds = [
    ['lock', ['lock', 'run']],
    ['semaphore', ['semaphore', 'run', '--limit', '1']],
  ] as const;

  for (const [kind, words] of kinds) {
    it(`given a command under a ${kind}, when that is released by force, then the command is killed, the status is 4, and it is told why`, async () => {
      const held = await holding(`forced-${kind}`, ...words, 'forced');
      await forceOpen(node.url, kind, 'forced', 'moving house');
      const { status, stderr } = await held.ended;
      assert.equal(status, 4, stderr);
      assert.match(stderr, /the lease of "forced" was lost[^]*released by force \(moving house\)/);
    });

    it(`given --max-hold of a ${kind}, when it is over, then the command got SIGTERM and is gone before the next holder begins, and the status is 4`, async () => {
      const files = {
        beat: join(node.folder, `${kind}.beat`),
        next: join(node.folder, `${kind}.next`),
      };
      const stubborn = `trap 'echo told' TERM; while :; do date +%s%N > ${files.beat}; done`;
      const first = start(...words, '--max-hold', '2', 'over', '--', 'sh', '-c', stubborn);
      await until('the first command', () => existsSync(files.beat));
      const next = run(
        ...words,
        '--wait',
        '20',
        'over',
        '--',
        'sh',
        '-c',
        `date +%s%N > ${files.next}`,
      );
      const { status, stdout, stderr } = await first.ended;
      assert.equal(status, 4, stderr);
      assert.match(stdout, /^told$/m);
      assert.match(stderr, /Its longest time \(--max-hold\) is over\./);
      assert.equal((await next).status, 0);
      assert.ok(readFileSync(files.beat, 'utf8') < readFileSync(files.next, 'utf8'));
    });

    it(`given a command under a ${kind}, when its status is shown, then it tells where the command runs, or what was given instead; and who waits with which priority`, async () => {
      const told = await holding(`told-${kind}`, ...words, '--client-id', 'one', 'shown');
      const { stdout } = await run(kind, 'status', 'shown', '--json');
      const { holders } = JSON.parse(stdout) as { holders: { metadata: { pid: number } }[] };
      const [holder] = holders;
      const command = runsUntilTold(join(node.folder, `told-${kind}`)).join(' ');
      assert.deepEqual(holder?.metadata, { host: hostname(), pid: told.child.pid, command });
      assert.match((await run(kind, 'status', 'shown')).stdout, /^holds +one .* \{"host":/m);
      const given = ['--wait', '20', '--priority', '7', '--metadata', '{"ticket":1}'];
      const waiting = start(...words, '--client-id', 'two', ...given, 'shown', '--', 'sleep', '60');
      const untilShown = async (what: RegExp): Promise<void> => {
        const isShown = async () => what.test((await run(kind, 'status', 'shown')).stdout);
        await untilSo(isShown, { what: String(what), longestMs: 30_000 });
      };
      await untilShown(/^waits #1, priority 7 +two /m);
      told.child.kill('SIGTERM');
      await told.ended;
      await untilShown(/^holds +two .* \{"ticket":1\}$/m);
      waiting.child.kill('SIGTERM');
      await waiting.ended;
    });

    it(`given terms of a ${kind} that cannot be, when they are asked for, then nothing is done and the status is 2`, async () => {
      for (const wrong of [
        ['--priority', '10'],
        ['--priority', ''],
        ['--max-hold', '0'],
        ['--max-hold', '4', '--grace', '3'],
      ])
        assert.equal((await run(...words, ...wrong, 'x', '--', 'true')).status, 2, wrong.join(' '));
    });
  }

  it('given several locks, when one of them is held, then none is taken; when all are free, then all are, each with its token', async () => {
    const held = await holding('one-of-several', 'lock', 'run', 'm/2');
    const several = ['lock', 'run', '--also', 'm/2', '--also', 'm/3', 'm/1', '--', 'sh', '-c'];
    const refused = await run(...several, 'true');
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /m\/2[^]*lock_held/);
    assert.equal((await run('lock', 'status', 'm/1')).stdout, 'm/1 is free.\n');
    held.child.kill('SIGTERM');
    await held.ended;
    const { status, stdout, stderr } = await run(
      ...several,
      'echo "$HOLDFAST_LOCK_NAME $HOLDFAST_FENCE_TOKEN of $HOLDFAST_FENCE_TOKENS"',
    );
    assert.equal(status, 0, stderr);
    const [, first, all] = /^m\/1 (\d+) of (.*)$/m.exec(stdout) ?? [];
    assert.match(all ?? '', /^\d+ \d+ \d+$/);
    assert.equal(all?.split(' ')[0], first);
  });

  it('given a command under several locks, when one of them is released by force, then the command is killed and the status is 4', async () => {
    const held = await holding(
      'several',
      'lock',
      'run',
      '--also',
      'n/2',
      '--max-hold',
      '50',
      'n/1',
    );
    await forceOpen(node.url, 'lock', 'n/2', 'out');
    const { status, stderr } = await held.ended;
    assert.equal(status, 4, stderr);
    assert.match(stderr, /The hold of "n\/2" is lost: it was released by force \(out\)/);
    assert.equal(
      (await run('lock', 'run', '--also', 'n/2', '--priority', '1', 'n/1', '--', 'true')).status,
      2,
    );
  });

  it('given a lock that is acquired by its name alone, when its status is shown, then it has the metadata; it ends after its longest time', async () => {
    const terms = ['--ttl', '300', '--max-hold', '1', '--metadata', 'by hand', '--priority', '0'];
    assert.equal((await run('lock', 'acquire', 'k', ...terms)).status, 0);
    const told = ['watch', '--name', 'k', '--after', '0', '--limit', '2', '--json'];
    const { stdout } = await run(...told);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; value?: string; reason?: string });
    assert.deepEqual(
      events.map(({ type, value, reason }) => value ?? `${type} ${reason ?? ''}`),
      ['by hand', 'released max_hold'],
    );
  });
});
