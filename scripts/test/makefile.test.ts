/** What targets of the Makefile run, as `make -n` tells it: nothing is executed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

function commandOf(...words: readonly string[]): string {
  // The tests themselves may be run by make, whose variables count in others that it starts.
  const { PATH = '', HOME = '' } = process.env;
  const { status, stdout, stderr } = spawnSync('make', ['--dry-run', ...words], {
    cwd: root,
    env: { PATH, HOME },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n').at(-1) ?? '';
}

describe('make run', () => {
  it('starts the node of config/single.yaml', () => {
    assert.match(commandOf('run'), /main\.js server --config config\/single\.yaml *$/);
  });

  it('takes another port', () => {
    assert.match(commandOf('run', 'PORT=9000'), /single\.yaml --http-port 9000$/);
  });
});

describe('make cluster', () => {
  it('takes other ports, and TLS in a folder of its own', () => {
    assert.match(commandOf('cluster'), /--ports 5000,5001,5002 --data data\/cluster *$/);
    assert.match(
      commandOf('cluster', 'PORTS=8001,8002,8003', 'TLS=1'),
      /--ports 8001,8002,8003 --data data\/cluster-tls --tls$/,
    );
  });
});
