/** Programs whose stderr has no reader any more: what they do, and with which status they end, is as with one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { forceOpen, freePort, holdfast, startOneNode, until } from './support/holdfast.ts';

describe('A program whose stderr nobody reads any more', { timeout: 60_000 }, () => {
  it('ends `lock run` with the status of a lost lease, where that cannot be told', async () => {
    const node = await startOneNode();
    try {
      const command = ['sh', '-c', 'echo runs; exec sleep 60'];
      const run = holdfast(node.url, ['lock', 'run', 'x', '--', ...command]);
      await until('the command', () => run.told().includes('runs'));
      run.child.stderr?.destroy();
      await forceOpen(node.url, 'lock', 'x', 'a test');
      assert.equal((await run.ended).status, 4);
    } finally {
      await node.close();
    }
  });

  it('leaves a node with a log as text at work, which ends as it is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-deaf-'));
    const port = String(await freePort());
    const words = ['server', '--http-port', port, '--grpc-enabled', 'false'];
    const { child, ended, told } = holdfast(undefined, [
      ...words,
      '--storage-folder',
      folder,
      '--log-format',
      'text',
    ]);
    try {
      let log = '';
      child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
      await until('the node', () => (log + told()).includes('serves clients'));
      child.stderr?.destroy();
      // Each is a line of the log.
      for (const level of ['debug', 'info']) {
        const changed = await fetch(`http://127.0.0.1:${port}/admin/log-level`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ level }),
        });
        assert.ok(changed.ok, await changed.text());
      }
      assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
      child.kill('SIGTERM');
      assert.equal((await ended).status, 0);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
