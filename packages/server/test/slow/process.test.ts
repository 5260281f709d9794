/** A node as a process: what it does where its log has no space, and with signals that come while it starts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Authority } from '@holdfast/tls/development';
import { assertEnds, assertSoon, untilSo } from '../../../checker/src/waits.ts';

const entry = fileURLToPath(new URL('../../src/node-entry.ts', import.meta.url));

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-process-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

interface Node {
  readonly child: ChildProcess;
  readonly ended: Promise<readonly [status: number | null, signal: string | null]>;
  /** Resolves with its URL once it serves clients. */
  readonly ready: Promise<string>;
}

function start(
  t: TestContext,
  folder: string,
  more: Readonly<Record<string, string>> = {},
  stderr: number | 'ignore' = 'ignore',
): Node {
  const child = spawn(process.execPath, ['--conditions=source', entry], {
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
    env: {
      ...process.env,
      HOLDFAST_STORAGE_FOLDER: folder,
      HOLDFAST_HTTP_PORT: '0',
      HOLDFAST_GRPC_ENABLED: 'false',
      ...more,
    },
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<readonly [number | null, string | null]>((resolve) =>
    child.once('exit', (status, signal) => resolve([status, signal])),
  );
  const ready = once(child, 'message').then(([told]) => {
    const { url } = told as { readonly url: string };
    return url;
  });
  ready.catch(() => undefined);
  return { child, ended, ready };
}

/** It has begun, and is far from done: each of its writes takes a while. */
const slowly = { HOLDFAST_TEST_WRITE_DELAY_MS: '200' };
const hasBegun = (folder: string): Promise<true> =>
  untilSo(() => existsSync(join(folder, 'log')), { what: 'it starts', pauseMs: 2 });

describe('a node as a process', { timeout: 60_000 }, () => {
  for (const format of ['json', 'text'])
    it(`serves clients though its log (${format}) has no space, and tells how many lines were lost (LOG-LINES-1)`, async (t) => {
      if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full');
      const full = openSync('/dev/full', 'w');
      const node = start(t, folderOf(t), { HOLDFAST_LOG_FORMAT: format }, full);
      closeSync(full);
      const url = await assertEnds(Promise.race([node.ready, node.ended]), { what: 'it starts' });
      assert.equal(typeof url, 'string', `It ended: ${String(url)}`);
      const at = String(url);
      for (const level of ['debug', 'info']) {
        const changed = await fetch(`${at}/admin/log-level`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ level }),
        });
        assert.ok(changed.ok, await changed.text());
      }
      const metrics = await (await fetch(`${at}/metrics`)).text();
      assert.match(metrics, /^holdfast_log_lines_lost_total [1-9]\d*$/m);
      node.child.kill('SIGTERM');
      assert.deepEqual(await assertEnds(node.ended, { what: 'it stops' }), [0, null]);
      return undefined;
    });

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`that gets ${signal} while it starts stops in order once it has (STOP-3)`, async (t) => {
      const folder = folderOf(t);
      const node = start(t, folder, slowly);
      await hasBegun(folder);
      node.child.kill(signal);
      assert.deepEqual(await assertEnds(node.ended, { what: 'it stops' }), [0, null]);
    });

  it('with TLS that gets SIGHUP while it starts goes on', async (t) => {
    const folder = folderOf(t);
    const authority = await Authority.create({ name: 'Tests', days: 1 });
    const own = await authority.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 1 });
    const put = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const node = start(t, join(folder, 'node'), {
      ...slowly,
      HOLDFAST_TLS_CERTIFICATE: put('own.crt', own.certificate),
      HOLDFAST_TLS_KEY: put('own.key', own.key),
      HOLDFAST_TLS_AUTHORITY: put('ca.crt', authority.pair.certificate),
    });
    await hasBegun(join(folder, 'node'));
    node.child.kill('SIGHUP');
    const first = await assertEnds(Promise.race([node.ready, node.ended]), { what: 'it starts' });
    assert.match(String(first), /^https:/);
  });

  it('without TLS that gets SIGHUP goes on, and its log says that there is nothing to read again (RELOAD-1)', async (t) => {
    const folder = folderOf(t);
    const logPath = join(folder, 'log.txt');
    const logFile = openSync(logPath, 'w');
    const node = start(t, join(folder, 'node'), { HOLDFAST_LOG_FORMAT: 'json' }, logFile);
    closeSync(logFile);
    const url = await assertEnds(Promise.race([node.ready, node.ended]), {
      what: 'it starts',
      longestMs: 30_000,
    });
    node.child.kill('SIGHUP');
    await assertSoon(
      () => readFileSync(logPath, 'utf8').includes('no certificates to read again'),
      {
        what: 'its log tells of the signal',
      },
    );
    assert.equal((await fetch(`${String(url)}/livez`)).status, 200);
    node.child.kill('SIGTERM');
    assert.deepEqual(await assertEnds(node.ended, { what: 'it stops' }), [0, null]);
  });
});
