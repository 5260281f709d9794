/** A backup of a cluster with keys, restored: what they open in the new one, by real processes (BEGIN-5, BEGIN-6). */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startLocalCluster } from '@holdfast/server';
import { untilSo } from '../../../checker/src/waits.ts';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';
import type { Ended } from '../integration/support/holdfast.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-restored-keys-'));
after(() => rmSync(root, { recursive: true, force: true }));

const keyIn = (text: string): string =>
  /hf_[a-z0-9]+_[A-Za-z0-9_-]{43}/.exec(text)?.[0] ?? assert.fail(text);
const idOf = (key: string): string => key.split('_')[1] ?? '';

interface Restored {
  readonly cluster_id: string;
  readonly authentication: boolean;
  readonly ended_keys: number;
  readonly admin_key?: string;
}

describe('holdfast restore --keys', { timeout: 120_000 }, () => {
  it('has to be said, ends all keys for a new one, or brings back those that were revoked since', async () => {
    const backup = join(root, 'backup');
    const old = await startLocalCluster({ ports: [await freePort()], folder: join(root, 'old') });
    const run = (key: string, ...words: readonly string[]): Promise<Ended> =>
      holdfast(old.urls[0] ?? '', words, { HOLDFAST_API_KEY: key }).ended;
    let admin = '';
    let ann = '';
    try {
      await old.leader(30_000);
      admin = keyIn((await run('', 'auth', 'enable')).stdout);
      await run(admin, 'auth', 'role', 'grant', 'worker', 'read', 'lock');
      ann = keyIn((await run(admin, 'auth', 'key', 'create', 'ann', '--role', 'worker')).stdout);
      const saved = await run(admin, 'backup', backup);
      assert.equal(saved.status, 0, saved.stderr);
      await run(admin, 'auth', 'key', 'revoke', idOf(ann));
    } finally {
      await old.close();
    }
    const restore = (folder: string, ...more: readonly string[]): Promise<Ended> =>
      holdfast(undefined, ['--json', 'restore', backup, '--storage-folder', folder, ...more]).ended;

    const unsaid = join(root, 'unsaid');
    const refused = await restore(unsaid);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /2 API keys.*--keys end/);
    assert.equal(existsSync(unsaid), false);

    // RKEY-1: nobody reads the key, or it is in a file before the folder is whole, and nowhere else.
    const unread = join(root, 'unread');
    const words = ['restore', backup, '--storage-folder', unread, '--keys', 'end'];
    const { child, ended: unreadEnded } = holdfast(undefined, words);
    child.stdout?.destroy();
    const { status, stderr } = await unreadEnded;
    assert.equal(status, 1, stderr);
    assert.match(stderr, /Standard output could not be written.*unread is not whole: delete it/);
    assert.ok(existsSync(join(unread, 'restoring.json')));
    const keyFile = join(root, 'admin.key');
    const used = await restore(unread, '--keys', 'end', '--key-file', keyFile);
    assert.equal(used.status, 1, used.stderr);
    assert.equal(existsSync(keyFile), false);
    const kept = await restore(join(root, 'in a file'), '--keys', 'end', '--key-file', keyFile);
    assert.equal(kept.status, 0, kept.stderr);
    assert.equal((JSON.parse(kept.stdout) as { key_file: string }).key_file, keyFile);
    assert.ok(!kept.stdout.includes(keyIn(readFileSync(keyFile, 'utf8'))));

    /** Who gets in, of some keys. */
    async function statuses(choice: string): Promise<readonly number[]> {
      const folder = join(root, choice);
      const ended = await restore(folder, '--keys', choice);
      assert.equal(ended.status, 0, ended.stderr);
      const told = JSON.parse(ended.stdout) as Restored;
      assert.equal(told.authentication, true);
      assert.equal(told.ended_keys, choice === 'end' ? 2 : 0);
      const port = String(await freePort());
      const words = ['--storage-folder', folder, '--cluster-cluster-id', told.cluster_id];
      const node = holdfast(undefined, [
        'server',
        ...words,
        '--http-port',
        port,
        '--grpc-enabled',
        'false',
      ]);
      try {
        await until('start', () => node.told() !== '', 60_000);
        const isReady = async (): Promise<boolean> =>
          (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
        await untilSo(isReady, { what: 'a leader', longestMs: 60_000, pauseMs: 50 });
        const shown = ['', ann, admin, told.admin_key ?? ''];
        return await Promise.all(
          shown.map(async (key) => {
            const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
            return (await fetch(`http://127.0.0.1:${port}/locks`, { headers })).status;
          }),
        );
      } finally {
        node.child.kill('SIGTERM');
        await node.ended;
      }
    }
    assert.deepEqual(await statuses('end'), [401, 401, 401, 200]);
    assert.deepEqual(await statuses('keep'), [401, 200, 200, 401]);
  });
});
