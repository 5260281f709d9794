import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePort, holdfast, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

describe('holdfast semaphore', () => {
  let cluster: LocalCluster;
  let url: string;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-semaphore-'));
    cluster = await startLocalCluster({
      ports: [await freePort()],
      folder: join(folder, 'cluster'),
    });
    await cluster.leader();
    url = cluster.urls[0] ?? '';
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const semaphore = (...words: readonly string[]): Promise<Ended> =>
    holdfast(url, ['semaphore', ...words]).ended;

  /** A command under permits that runs until it is told to end. */
  async function holding(label: string, ...words: readonly string[]) {
    const marker = join(folder, label);
    const shell = ['sh', '-c', `touch ${marker}; exec sleep 60`];
    const run = holdfast(url, ['semaphore', 'run', '--client-id', label, ...words, '--', ...shell]);
    await until(`the command of ${label}`, () => existsSync(marker));
    return run;
  }

  async function untilWaits(name: string): Promise<void> {
    for (const signal = AbortSignal.timeout(15_000); ; signal.throwIfAborted()) {
      const answer = await fetch(`${url}/semaphores/${name}/status`, { signal });
      const { waiters } = (await answer.json()) as { readonly waiters: readonly unknown[] };
      if (waiters.length > 0) return;
    }
  }

  it('given no semaphore, when a command is run with a limit, then it finds its permits and token, and its exit status is passed on', async () => {
    const script =
      'echo "$HOLDFAST_PERMITS permits of $HOLDFAST_SEMAPHORE_NAME, token $HOLDFAST_FENCE_TOKEN"; exit 7';
    const options = ['--permits', '2', '--limit', '3'];
    const { status, stdout, stderr } = await semaphore(
      'run',
      ...options,
      'passing',
      '--',
      'sh',
      '-c',
      script,
    );
    assert.match(stdout, /^2 permits of passing, token \d+$/m, stderr);
    assert.equal(status, 7);
    const gone = await semaphore('status', 'passing');
    assert.equal(gone.status, 0);
    assert.match(
      gone.stdout,
      /There is no semaphore "passing"[^]*holdfast semaphore create NAME --limit N/,
    );
  });

  it('given all permits taken, when one more is asked for, then status 3 tells whom to look for; when they are given back, it is granted', async () => {
    const first = await holding('first', '--limit', '1', 'taken');
    const second = await semaphore('run', 'taken', '--', 'true');
    assert.equal(second.status, 3);
    assert.match(second.stderr, /no_permits[^]*--wait SECONDS[^]*holdfast semaphore status NAME/);
    const shown = await semaphore('status', 'taken');
    assert.match(shown.stdout, /^taken: 0 of 1 permits are free; it goes when nobody uses it\.$/m);
    assert.match(shown.stdout, /^holds +first +1 +\d+ +\d{4}-/m);
    const waiting = semaphore('run', '--wait', '20', 'taken', '--', 'true');
    await untilWaits('taken');
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 128 + 15);
    assert.equal((await waiting).status, 0);
  });

  it('given a holder, when its session is ended by somebody else, then its command is killed and the status is 4', async () => {
    const run = await holding('victim', '--limit', '1', 'ended');
    const { stdout } = await semaphore('status', '--json', 'ended');
    const { holders } = JSON.parse(stdout) as { holders: { session_id: string }[] };
    const ended = await holdfast(url, ['session', 'end', holders[0]?.session_id ?? '']).ended;
    assert.equal(ended.status, 0, ended.stderr);
    const { status, stderr } = await run.ended;
    assert.equal(status, 4, stderr);
    assert.match(stderr, /the lease of "ended" was lost/);
  });

  it('given nothing, when a semaphore is created, resized and deleted, then each step is told, and what is in the way too', async () => {
    const created = await semaphore('create', 'kept', '--limit', '2', '--json');
    assert.deepEqual(JSON.parse(created.stdout), {
      resource: 'kept',
      limit: 2,
      free: 2,
      persistent: true,
      holders: [],
      waiters: [],
      holder_count: 0,
      waiter_count: 0,
    });
    const other = await semaphore('create', 'kept', '--limit', '3');
    assert.equal(other.status, 1);
    assert.match(other.stderr, /limit_mismatch/);
    const resized = await semaphore('resize', 'kept', '--limit', '5');
    assert.match(resized.stdout, /^limit +5$/m);
    const shown = await semaphore('status', 'kept');
    assert.equal(shown.stdout, 'kept: 5 of 5 permits are free.\n');
    const run = await holding('in-the-way', 'kept');
    const refused = await semaphore('delete', 'kept');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /semaphore_in_use[^]*holdfast semaphore status NAME/);
    run.child.kill('SIGTERM');
    await run.ended;
    assert.match((await semaphore('delete', 'kept')).stdout, /^deleted +true$/m);
  });

  it('given a number that is none, when a command is run, then nothing is done and the status is 2', async () => {
    for (const words of [
      ['run', '--permits', '0', 'x', '--', 'true'],
      ['run', '--limit', 'many', 'x', '--', 'true'],
      ['run', '--grace', '14', 'x', '--', 'true'],
      ['create', 'x', '--limit', '1.5'],
      ['create', 'x'],
    ])
      assert.equal((await semaphore(...words)).status, 2, words.join(' '));
  });
});
