/** The bundle of the client commands: what it reads, and what it leaves to the modules. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { groupsInOneFile, needsServerPackages } from '../../packages/cli/src/groups.ts';
import { FakePeer } from '../../packages/client/test/fake-peer.ts';
import { makeBundle, notBundled, writeBundle } from '../bundle-commands.ts';

/** Tells on stderr which files are read, each as it is read, and in the end which modules of its own Node has loaded. */
const teller = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context); } });
  process.on('exit', () => writeSync(2, 'loaded:' + process.moduleLoadList + '\\n'));
`)}`;

const bundle = await makeBundle();
// In the package, since there it finds the modules of the package by their name.
const folder = mkdtempSync(fileURLToPath(new URL('../../packages/cli/.bundle-', import.meta.url)));
writeBundle(bundle, folder);
after(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly files: readonly string[];
  /** Modules of Node; none of a process that was killed. */
  readonly loaded: readonly string[];
  readonly status: number | null;
  readonly stderr: string;
}

/** @param until Fires when nothing more is to be seen of it. */
async function run(
  words: readonly string[],
  url = 'http://127.0.0.1:1',
  until?: AbortSignal,
): Promise<Ended> {
  const flags = ['--import', teller, '--conditions=source'];
  const child = spawn(process.execPath, [...flags, join(folder, 'holdfast.js'), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOLDFAST_ENDPOINTS: url },
    timeout: 30_000,
  });
  until?.addEventListener('abort', () => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = stderr.split('\n');
  const files = lines.filter((line) => line.startsWith('file:')).map((file) => fileURLToPath(file));
  const loaded = lines.find((line) => line.startsWith('loaded:')) ?? '';
  return {
    files,
    loaded: Array.from(loaded.matchAll(/NativeModule ([^,]+)/g), ([, name = '']) => name),
    status,
    stderr: lines.filter((line) => !/^(?:file|node|loaded):/.test(line)).join('\n'),
  };
}

/** @returns What a command reads until it opens the connection to its node. */
async function readUntilConnected(...words: readonly string[]): Promise<readonly string[]> {
  const connected = new AbortController();
  const server = createServer();
  server.on('upgrade', () => connected.abort());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { files, stderr } = await run(words, `http://127.0.0.1:${String(port)}`, connected.signal);
  server.close();
  assert.ok(connected.signal.aborted, stderr);
  return files;
}

const bytesOf = (files: readonly string[]): number =>
  files.map((file) => statSync(file).size).reduce((sum, size) => sum + size, 0);

/** @returns What is left out of the bundle and imported by this module, or by what it imports. */
function leftOutBehind(module: string, { inputs }: Metafile): readonly string[] {
  const seen = new Set(['packages/cli/src/groups.ts']); // Which imports every command.
  const found = new Set<string>();
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: next, external } of inputs[path]?.imports ?? [])
      if (external !== true) follow(next);
      else if (notBundled.has(next)) found.add(next);
  };
  follow(module);
  return [...found].sort();
}

describe('The bundle of the client commands', () => {
  // Were it the modules, it would be about 160 files.
  it('reads few files for a command that asks a node, and nothing outside of itself (START-1)', async () => {
    const files = await readUntilConnected('audit', 'status');
    assert.ok(files.length <= 34, `${String(files.length)}:\n${files.join('\n')}`);
    assert.ok(bytesOf(files) <= 530_000, String(bytesOf(files)));
    assert.deepEqual(
      files.filter((file) => !file.startsWith(folder)),
      [],
    );
  });

  for (const words of ['lock status x', 'latch status x', 'queue pop', 'session list'])
    it(`has "${words}" in the file of what jobs start, with its entry and what chooses it (BUNDLE-2)`, async () => {
      const files = await readUntilConnected(...words.split(' '));
      // What esbuild puts around modules is in files of its own.
      const own = files.filter((file) => !file.includes('/parts/chunk-'));
      assert.deepEqual(
        own.map((file) => file.slice(folder.length + 1).replace(/-[A-Z0-9]{8}/, '')),
        ['holdfast.js', 'parts/groups.js', 'parts/job-commands.js'],
      );
      assert.ok(files.length <= 5, files.join('\n'));
      assert.ok(bytesOf(files) <= 760_000, String(bytesOf(files)));
    });

  it('loads a module of Node there where something of it is used, and none before (BUNDLE-3)', () => {
    const text = bundle.files.get('parts/job-commands.js') ?? '';
    const imported = text.matchAll(/^(?:import|\} from) ?.*["'](node:[a-z_/]+)["'];$/gm);
    assert.deepEqual([...new Set([...imported].map(([, name]) => name))], ['node:module']);
    assert.match(text, /get request\(\) \{\s+return load\w*\(\)\.request;/);
  });

  it('has in that file each group that it is for (BUNDLE-2)', async () => {
    for (const group of groupsInOneFile) {
      const { status, stderr } = await run([group, '--help']);
      assert.equal(status, 0, `${group}: ${stderr}`);
    }
  });

  describe('has Node load nothing that only others need: TLS, `fetch`, compression', () => {
    const unneeded = ['https', 'tls', 'zlib', 'child_process', 'internal/deps/undici/undici'];
    const loadedOf = async (url: string, words: string): Promise<readonly string[]> => {
      const { loaded, status, stderr } = await run(words.split(' '), url);
      assert.equal(status, 0, stderr);
      assert.ok(loaded.includes('http'), loaded.join(' '));
      return loaded.filter((name) => unneeded.includes(name));
    };

    it('for a request on the client stream (BUNDLE-3)', async () => {
      const peer = await FakePeer.start();
      try {
        assert.deepEqual(await loadedOf(peer.url, 'lock release x --fence-token 1'), []);
      } finally {
        await peer.close();
      }
    });

    it('for a question of an operator (PLAIN-1): not `fetch`', async () => {
      const server = createServer((_request, response) =>
        response.end('{"node_id":"n","level":"info"}'),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const loaded = await loadedOf(`http://127.0.0.1:${String(port)}`, 'log-level');
        assert.ok(!loaded.includes('internal/deps/undici/undici'), loaded.join(' '));
      } finally {
        server.close();
      }
    });
  });

  it('reads nothing of the client for --version', async () => {
    const { files, status } = await run(['--version']);
    assert.equal(status, 0);
    assert.ok(files.length <= 14, `${String(files.length)}:\n${files.join('\n')}`);
    assert.ok(bytesOf(files) <= 220_000, String(bytesOf(files)));
  });

  it('leaves packages of the server to the commands that the modules run (BUNDLE-1)', () => {
    const groupModules = bundle.metafile.inputs['packages/cli/src/groups.ts']?.imports ?? [];
    const needed = groupModules
      .map(({ path }) => path)
      .map((module) => [
        module.replace(/^.*\/|\.ts$/g, ''),
        leftOutBehind(module, bundle.metafile).filter((name) => name !== '@redis/client'),
      ])
      .filter(([, names = []]) => names.length > 0);
    // What imports something more is to be added to needsServerPackages.
    assert.deepEqual(Object.fromEntries(needed), {
      server: ['@holdfast/server'],
      cluster: ['@holdfast/server'],
      member: ['@holdfast/server'], // By what it shows of a cluster, in the module that starts one too.
      backup: ['@holdfast/server/restore'],
      'quorum-nodes': ['@holdfast/quorum', '@holdfast/tls'],
      quorum: ['@holdfast/quorum'],
      doctor: ['@holdfast/server', '@holdfast/tls'],
      inspect: ['@holdfast/server/inspect'],
      cert: ['@holdfast/tls/development'],
    });
    for (const words of [
      'server',
      'cluster --ports 1,2,3',
      '--json restore x',
      'quorum-node',
      '--endpoint lock quorum-cluster',
      'quorum --json reconfigure',
      'doctor',
      'inspect x',
      'cert ca',
    ])
      assert.ok(needsServerPackages(words.split(' ')), words);
    for (const words of [
      '',
      '--help',
      'lock run server',
      'status',
      'quorum lock run x',
      'backup x',
    ])
      assert.ok(!needsServerPackages(words.split(' ')), words);
  });

  it('has errors of a server command told by the modules, which threw them (BUNDLE-1)', async () => {
    const { files, status, stderr } = await run(['server', '--config', '/missing', '--json']);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /missing cannot be read/);
    assert.deepEqual(
      files.filter((file) => /\/parts\/(?:start|server)-/.test(file)),
      [],
    );
    assert.ok(files.some((file) => file.endsWith('packages/cli/src/program.ts')));
  });

  it('carries the license of each library that is in it', () => {
    const libraries = new Set(
      Object.keys(bundle.metafile.inputs).flatMap(
        (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
      ),
    );
    const licenses = bundle.files.get('LICENSES.txt') ?? '';
    assert.ok(libraries.has('ws') && libraries.has('commander'));
    for (const name of libraries)
      assert.match(
        licenses,
        new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n\\n[^]*?without warranty`, 'mi'),
      );
  });
});
