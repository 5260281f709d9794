/** A node with authentication, as its operators and users meet it on the command line. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import { freePort, holdfast } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-auth-'));
after(() => rmSync(root, { recursive: true, force: true }));

const keyIn = ({ stdout }: Ended): string =>
  /hf_[a-z0-9]+_[A-Za-z0-9_-]{43}/.exec(stdout)?.[0] ?? assert.fail(stdout);

/** All files below a folder, as one text. */
const textsBelow = (folder: string): string =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    .join('\n');

describe('holdfast auth', { timeout: 120_000 }, () => {
  it('goes from the first key over roles to a revoked key, and back in with a recovery key', async () => {
    const port = await freePort();
    const start = () => startLocalCluster({ ports: [port], folder: root });
    let cluster = await start();
    await cluster.leader(30_000);
    const url = cluster.urls[0] ?? '';
    const run = (key: string | undefined, ...words: readonly string[]): Promise<Ended> =>
      holdfast(url, words, key === undefined ? { HOLDFAST_API_KEY: '' } : { HOLDFAST_API_KEY: key })
        .ended;
    try {
      const planted = await run(undefined, 'auth', 'key', 'create', 'admin');
      const plantedId = keyIn(planted).split('_')[1] ?? '';
      const others = await run(undefined, 'auth', 'enable');
      assert.equal(others.status, 1, others.stderr);
      assert.match(others.stderr, new RegExp(`others_have_access[^]*key ${plantedId} of "admin"`));
      await run(undefined, 'auth', 'key', 'revoke', plantedId);
      const enabled = await run(undefined, 'auth', 'enable');
      assert.equal(enabled.status, 0, enabled.stderr);
      const root0 = keyIn(enabled);
      const anonymous = await run(undefined, 'lock', 'list');
      assert.equal(anonymous.status, 1);
      assert.match(anonymous.stderr, /unauthorized/);
      const rule = ['worker', 'acquire', 'lock', '--prefix', 'jobs/'];
      const granted = await run(root0, 'auth', 'role', 'grant', ...rule);
      assert.equal(granted.status, 0, granted.stderr);
      const made = await run(root0, 'auth', 'key', 'create', 'ann', '--role', 'worker');
      const ann = keyIn(made);
      const file = join(root, 'bob.key');
      const create = ['auth', 'key', 'create', 'bob', '--role', 'worker', '--key-file', file];
      const saved = await run(root0, ...create);
      assert.equal(saved.status, 0, saved.stderr);
      assert.doesNotMatch(saved.stdout + saved.stderr, /hf_/, 'the key is in the file alone');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const bob = keyIn({ ...saved, stdout: readFileSync(file, 'utf8') });
      assert.equal((await run(bob, 'auth', 'status')).status, 0);
      const keysOfBob = async (): Promise<number> =>
        (await run(root0, 'auth', 'key', 'list')).stdout.match(/ bob /g)?.length ?? 0;
      assert.equal(await keysOfBob(), 1);
      const again = await run(root0, ...create);
      assert.equal(again.status, 2);
      assert.match(again.stderr, /--key-file cannot be made: .*No key was made/s);
      assert.equal(await keysOfBob(), 1, 'a place is there before the key is');
      assert.equal(keyIn({ ...saved, stdout: readFileSync(file, 'utf8') }), bob);
      rmSync(file);
      const check = await run(root0, 'auth', 'check', 'ann', 'acquire', 'lock', 'jobs/1');
      assert.match(check.stdout, /acquire lock jobs\/\*/);
      for (const transport of ['stream', 'http'] as const) {
        await using client = await connect({ endpoints: [url], apiKey: ann, transport });
        await using session = await client.session({ timeoutSeconds: 10 });
        await using hold = await session.lock('jobs/1');
        hold.assertHeld();
        await assert.rejects(session.lock('other'), { code: 'forbidden' });
      }
      const revoked = await run(root0, 'auth', 'key', 'revoke', ann.split('_')[1] ?? '');
      assert.equal(revoked.status, 0, revoked.stderr);
      const refused = await run(ann, 'auth', 'status');
      assert.match(refused.stderr, /unauthorized/);

      const identity = readdirSync(root, { recursive: true, withFileTypes: true }).find(
        ({ name }) => name === 'identity.json',
      );
      const folder = identity?.parentPath ?? assert.fail('a node has its identity in its folder');
      const running = await holdfast(undefined, ['auth', 'recover', '--storage-folder', folder])
        .ended;
      assert.notEqual(running.status, 0);
      assert.match(
        running.stderr,
        /another process|in use|locked/i,
        'a running node has its folder',
      );
      await cluster.close();
      const recovered = await holdfast(undefined, ['auth', 'recover', '--storage-folder', folder])
        .ended;
      assert.equal(recovered.status, 0, recovered.stderr);
      const recovery = keyIn(recovered);
      const kept = textsBelow(root);
      for (const key of [root0, ann, recovery])
        assert.ok(!kept.includes(key.split('_').slice(2).join('_')), 'no secret is kept');
      cluster = await start();
      const deadlineMs = performance.now() + 20_000;
      let back = await run(recovery, 'auth', 'key', 'list');
      while (back.status !== 0 && performance.now() < deadlineMs)
        back = await run(recovery, 'auth', 'key', 'list');
      assert.equal(back.status, 0, back.stderr);
      assert.match(back.stdout, /recovery/);
    } finally {
      await cluster.close();
    }
  });
});
