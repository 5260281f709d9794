/** The level of a node's log, changed while it runs: what it writes after that. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertSoon } from '../../../checker/src/waits.ts';
import { freePort, holdfast, until } from './support/holdfast.ts';

describe('`holdfast log-level`', { timeout: 120_000 }, () => {
  it('has a running node log each request, and then nothing at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-log-level-'));
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const { child, ended } = holdfast(undefined, [
      'server',
      '--http-port',
      port,
      '--grpc-enabled',
      'false',
      '--storage-folder',
      folder,
      '--log-format',
      'json',
    ]);
    try {
      let log = '';
      child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
      const logsSince = (from: number): string => log.slice(from);
      await until('the node', () => log.includes('Serving clients'));
      const level = async (...words: readonly string[]): Promise<string> => {
        const { status, stdout, stderr } = await holdfast(url, ['log-level', ...words]).ended;
        assert.equal(status, 0, stderr);
        return stdout;
      };
      const listLocks = async (): Promise<void> => {
        assert.equal((await fetch(`${url}/locks?consistency=stale`)).status, 200);
      };
      const isLogged = /"level":20,.*"operation":"list_locks","outcome":"done"/;

      assert.match(await level(), /\binfo$/m);
      await listLocks();
      assert.match(await level('debug'), /\bdebug$/m);
      assert.doesNotMatch(log, isLogged);
      await listLocks();
      await assertSoon(() => isLogged.test(log), { what: 'a line of the request', pauseMs: 10 });

      assert.match(await level('silent'), /\bsilent$/m);
      const changed = /"to":"silent"/;
      await assertSoon(() => changed.test(log), { what: 'a line of the change', pauseMs: 10 });
      const from = log.search(changed);
      await listLocks();
      child.kill('SIGTERM');
      assert.equal((await ended).status, 0);
      // All that it wrote was read; the line of the change is the last one.
      assert.equal(logsSince(from).trimEnd().split('\n').length, 1, logsSince(from));
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
