/** What a user is told where the disk refuses, by the processes themselves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandLine, holdfast, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';
import { asStranger, noMounts, noStranger, onMount } from './support/refusing-places.ts';

const timeout = 60_000;
const linuxOnly = process.platform === 'linux' ? false : 'only Linux has such a file';

/** Each makes its data in this place. */
const nodes = [
  [
    'server',
    (place: string) => [
      'server',
      '--http-port',
      '0',
      '--grpc-enabled',
      'false',
      '--storage-folder',
      place,
    ],
  ],
  [
    'quorum-node',
    (place: string) => ['quorum-node', '--port', '0', '--join', '--db', `${place}.sqlite`],
  ],
] as const;

function isTold({ status, stderr }: Ended, path: string, code: string): void {
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    new RegExp(`holdfast: \\S*${path}\\S* could not be [a-z]+: .*\\(${code}\\)\\.`),
  );
  assert.ok(!/^\s+at /m.test(stderr), `a stack: ${stderr}`);
}

describe('A place that cannot be used', () => {
  let home: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-places-'));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  for (const [name, words] of nodes) {
    it(
      `${name}: in /proc ends with one clear error, and does not spin`,
      { timeout, skip: linuxOnly },
      async () => {
        isTold(await holdfast(undefined, words('/proc/x')).ended, '/proc/x', 'ENOENT');
      },
    );

    it(`${name}: of another user`, { timeout, skip: noStranger() }, async () => {
      const mine = join(home, `mine-${name}`);
      mkdirSync(mine, { mode: 0o700 });
      chmodSync(home, 0o755);
      const ended = await asStranger(words(join(mine, 'data'))).ended;
      isTold(ended, mine, 'EACCES');
      assert.match(ended.stderr, new RegExp(`${mine} belongs to user 0 \\(mode 0700\\).*chown`));
    });

    it(`${name}: whose files are another user's`, { timeout, skip: noStranger() }, async () => {
      const shared = join(home, `shared-${name}`);
      mkdirSync(shared);
      chmodSync(shared, 0o777);
      chmodSync(home, 0o755);
      const place = join(shared, 'data');
      const running = holdfast(undefined, words(place));
      await until('start', () => running.told() !== '', timeout);
      running.child.kill('SIGTERM');
      await running.ended;
      isTold(await asStranger(words(place)).ended, place, 'EACCES');
    });

    it(`${name}: on a read-only file system`, { timeout, skip: noMounts() }, async () => {
      const mount = join(home, `read-only-${name}`);
      const played = onMount(mount, 'ro,size=1m', 'true', words(join(mount, 'data')));
      isTold(await played.ended, mount, 'EROFS');
    });

    it(`${name}: without room`, { timeout, skip: noMounts() }, async () => {
      const mount = join(home, `full-${name}`);
      const fill = `{ dd if=/dev/zero of='${mount}/filler' bs=4k count=300 2>/dev/null || true; }`;
      const played = onMount(mount, 'size=1m', fill, words(join(mount, 'data')));
      isTold(await played.ended, mount, 'ENOSPC');
    });
  }

  it('is told to programs with a code', { timeout, skip: linuxOnly }, async () => {
    const { stderr } = await holdfast(undefined, ['--json', ...nodes[0][1]('/proc/x')]).ended;
    const told = JSON.parse(stderr) as { readonly error: { readonly code: string } };
    assert.equal(told.error.code, 'disk_error');
  });

  it('is told where it is the standard output', { timeout, skip: linuxOnly }, async () => {
    const full = openSync('/dev/full', 'w');
    const [program, ...parameters] = commandLine(undefined, ['completion', 'bash']);
    const child = spawn(program, parameters, { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    isTold({ status: status as number, stdout: '', stderr }, 'Standard output', 'ENOSPC');
  });
});

describe('What a node writes', () => {
  let home: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-private-'));
    chmodSync(home, 0o755);
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  /** Paths under a folder that somebody else than the owner can use. */
  function open(folder: string): string[] {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return ['', ...names].filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0);
  }

  async function run(words: readonly string[]): Promise<string> {
    // The most open umask there is.
    const [program, ...parameters] = commandLine(undefined, words);
    const child = spawn('sh', ['-c', 'umask 000; exec "$@"', 'sh', program, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until('start', () => told !== '', timeout);
    child.kill('SIGTERM');
    await ended;
    return log;
  }

  for (const [name, words] of nodes)
    it(
      `${name}: is its owner's alone, and what others could use before is told`,
      { timeout },
      async () => {
        const folder = join(home, name);
        mkdirSync(folder, { mode: 0o700 });
        const place = join(folder, 'data');
        const log = await run(words(place));
        assert.doesNotMatch(log, /chmod/);
        assert.deepEqual(open(folder), []);
        // Given a folder as versions before made it
        chmodSync(folder, 0o755);
        for (const path of readdirSync(folder)) chmodSync(join(folder, path), 0o755);
        for (const path of name === 'server' ? readdirSync(place) : [])
          chmodSync(join(place, path), 0o755);
        assert.match(await run(words(place)), /Other users of this machine can use .*chmod /);
      },
    );
});
