/** The folder of a node that was killed, looked into by the command. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { addInspectCommand } from '../../src/commands/inspect.ts';
import { buildProgram } from '../../src/program.ts';
import { holdfast, until } from './support/holdfast.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const home = mkdtempSync(join(tmpdir(), 'holdfast-inspect-'));
after(() => rmSync(home, { recursive: true, force: true }));

function everythingIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs, ctimeMs, size, mode, ino } = statSync(path);
      const bytes = entry.isFile() ? readFileSync(path) : '';
      const hash = createHash('sha256').update(bytes).digest('hex');
      return [path, mtimeMs, ctimeMs, size, mode, ino, hash].join(' ');
    })
    .sort();
}

/** The command in this process. */
async function outputOf(folder: string, words: readonly string[]): Promise<string> {
  let text = '';
  const program = buildProgram(
    () => ({
      output: { json: words.includes('--json'), write: (more) => (text += more) },
      endpoints: () => assert.fail('no node is asked'),
      namedEndpoints: () => [],
      finish: (status) => assert.fail(String(status)),
    }),
    [addInspectCommand],
  );
  await program.parseAsync(['inspect', '--storage-folder', folder, ...words], { from: 'user' });
  return text;
}

/** Once the feature level is raised. */
async function untilOn(client: Client): Promise<void> {
  let last: unknown;
  const isEnabled = (): Promise<boolean> =>
    client.call('audit_enable', {}).then(
      () => true,
      (error: unknown) => {
        last = error;
        return false;
      },
    );
  const what = (): string => `the audit is enabled; refused by ${String(last)}`;
  await untilSo(isEnabled, { what, longestMs: 30_000, pauseMs: 50 });
}

describe('holdfast inspect', { timeout: 120_000 }, () => {
  it('is refused while the node runs, and tells what it held when it is killed, byte for byte as it was', async () => {
    const folder = join(home, 'node');
    const at = (...more: readonly string[]): ReturnType<typeof holdfast> =>
      holdfast(undefined, ['inspect', '--storage-folder', folder, ...more]);
    const settings = ['--http-port', '0', '--grpc-enabled', 'false', '--storage-folder', folder];
    const node = holdfast(undefined, ['server', ...settings]);
    try {
      const serving = /serves clients on (http:\S+)\. /;
      await until('the node serves', () => serving.test(node.told()), 60_000);
      const url = serving.exec(node.told())?.[1] ?? '';
      await using client = await connect({ endpoints: [url] });
      await untilOn(client);
      const session = await client.session({ timeoutSeconds: 60 });
      for (const name of ['jobs/1', 'jobs/2', 'jobs/3', 'other']) await session.lock(name);
      const running = await at().ended;
      assert.equal(running.status, 1, running.stdout);
      assert.match(running.stderr, /in use by another process/);
      // It runs on, and has its folder
      await session.lock('jobs/4');
      // Its record is in the file then.
      await client.call('audit_checkpoint', {});
      node.child.kill('SIGKILL');
      await node.ended;
      await until('the process is gone', () => node.child.signalCode === 'SIGKILL');

      const before = everythingIn(folder);
      const told = await at().ended;
      const inspect = (...words: readonly string[]): Promise<string> => outputOf(folder, words);
      const json = await inspect('--json');
      const listed = await inspect('--list', 'lock', '--prefix', 'jobs/', '--uncommitted');
      const first = await inspect('--json', '--list', 'lock', '--limit', '2', '--uncommitted');
      const rest = await inspect('--json', '--list', 'lock', '--after', 'jobs/2', '--uncommitted');
      const held = await inspect('--json', '--session', session.id, '--uncommitted');
      assert.deepEqual(everythingIn(folder), before);
      assert.equal(told.status, 0, told.stderr);
      assert.match(
        told.stdout,
        /^audit of changes: records 1 to \d+, SHA-256 [0-9a-f]{64}, 1 file, \d+ bytes$/m,
      );
      assert.match(told.stdout, /^feature level +\d+$/m);
      assert.match(told.stdout, /^segment 1: entries 1 \(term \d+\) to \d+ /m);
      assert.partialDeepStrictEqual(JSON.parse(json), {
        identity: { node_id: 'node-1', log: { made: true, starts: 1 } },
        problems: [],
        log: { format: 'segments' },
        payloads: [],
        audit: [{ chain: 'changes', files: 1, first: 1 }],
        state: { snapshot_alone: false, authentication: false },
      });
      assert.deepEqual(listed.match(/^\S+/gm), [
        'LOCK',
        ...[1, 2, 3, 4].map((number) => `jobs/${String(number)}`),
      ]);
      const namesIn = (stdout: string): readonly string[] =>
        (JSON.parse(stdout) as { lock: { name: string }[] }).lock.map(({ name }) => name);
      assert.deepEqual(namesIn(first), ['jobs/1', 'jobs/2']);
      assert.partialDeepStrictEqual(JSON.parse(first), { next_after: 'jobs/2' });
      assert.deepEqual(namesIn(rest), ['jobs/3', 'jobs/4', 'other']);
      const { holds } = JSON.parse(held) as { holds: { fence_token: number }[] };
      assert.equal(holds.length, 5);
      assert.ok(holds.every(({ fence_token: token }) => token > 0));
    } finally {
      node.child.kill('SIGKILL');
      await node.ended;
    }
    await assert.rejects(outputOf(folder, ['--list', 'locks']), {
      name: 'UsageError',
      message: /--list takes one of session, lock/,
    });
    await assert.rejects(outputOf(home, []), /is not the folder of a node/);
  });
});
