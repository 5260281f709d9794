/** The command as it is published, a bundle, on the Node that runs this and on the oldest that client commands support. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startOneNode } from './support/holdfast.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const main = join(root, 'packages/cli/dist/bundle/holdfast.js');

function findOlderNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((program) => {
      const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
      return status === 0 && /^v2[0-3]\./.test(stdout);
    });
}

const older = findOlderNode();
const skip = older === undefined && 'This machine has no Node 20 to 23 beside the newest.';

let node: Awaited<ReturnType<typeof startOneNode>>;
before(async () => {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    cwd: join(root, 'packages/cli'),
  });
  execFileSync(process.execPath, ['--conditions=source', 'scripts/bundle-commands.ts'], {
    cwd: root,
  });
  node = await startOneNode();
});
after(() => node.close());

const runOn = (program: string, ...words: readonly string[]) =>
  spawnSync(program, [main, '--endpoint', node.url, ...words], {
    encoding: 'utf8',
    timeout: 30_000,
  });

describe('The published command', () => {
  const run = (...words: readonly string[]) => runOn(process.execPath, ...words);

  it('runs a command under a lock, beside its guard', () => {
    const ran = run('lock', 'run', 'c', '--', 'sh', '-c', 'echo $HOLDFAST_FENCE_TOKEN');
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^\d+\n$/);
    assert.equal(ran.stderr, '');
  });

  it('tells what a node refused, with its code and its exit status', () => {
    const refused = run('lock', 'release', 'd', '--session', 'x', '--json');
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, /"code":"session_not_found"/);
  });

  it('runs what needs packages of the server', () => {
    const shown = run('inspect', '--storage-folder', join(dirname(main), 'missing'));
    assert.equal(shown.status, 1);
    assert.match(shown.stderr, /^holdfast: /);
    assert.doesNotMatch(shown.stderr, /node:internal/);
    assert.match(run('server', '--help').stdout, /--storage-folder/);
  });
});

describe('The published command on an older Node', { skip }, () => {
  const run = (...words: readonly string[]) => runOn(older ?? '', ...words);

  it('takes a lock, runs a command under one, and shows who holds it', () => {
    const taken = run('lock', 'acquire', 'a', '--json');
    assert.equal(taken.status, 0, taken.stderr);
    const ran = run('lock', 'run', 'b', '--', 'sh', '-c', 'echo $HOLDFAST_FENCE_TOKEN');
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^\d+\n$/);
    const listed = run('lock', 'list');
    assert.match(listed.stdout, /^a +exclusive/m, listed.stderr);
    assert.equal(listed.stderr, '');
  });

  it('shows the help of all commands, those of servers too', () => {
    for (const words of [['--help'], ['server', '--help']]) {
      const shown = run(...words);
      assert.equal(shown.status, 0, shown.stderr);
      assert.match(shown.stdout, /^Usage: holdfast/);
    }
  });

  it('says in one line which Node a server command needs', () => {
    const refused = run('server');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^holdfast: "holdfast server" needs Node 24[^\n]*\n$/);
  });
});
