/** The built command on the oldest Node that client commands support. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startOneNode } from './support/holdfast.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const main = join(root, 'packages/cli/dist/main.js');

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

describe('The built command on an older Node', { skip }, () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
      cwd: join(root, 'packages/cli'),
    });
    node = await startOneNode();
  });
  after(() => node.close());

  const run = (...words: readonly string[]) =>
    spawnSync(older ?? '', [main, '--endpoint', node.url, ...words], {
      encoding: 'utf8',
      timeout: 30_000,
    });

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

  it('says in one line which Node a server command needs', () => {
    const refused = run('server');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^holdfast: "holdfast server" needs Node 24[^\n]*\n$/);
  });
});
