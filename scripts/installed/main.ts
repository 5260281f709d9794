/**
 * What is published, installed as a user would: `make test-packages`.
 *
 * Packs every package, installs the tarballs of the command with `npm install --global`, starts a node with it and asks that node on
 * every Node (20.9, 22, 24); and those of the client into an empty project, where the example of its README takes its lock on each
 * of them and as a bundle in Chromium. npm fetches what they depend on; that and the other Nodes need the registry of npm.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { runInBrowser } from './browser.ts';

const run = promisify(execFile);
const npmQuiet = ['--no-audit', '--no-fund', '--loglevel=error'];
/** Those that the client supports: the oldest that it says to need, and a later one of each major since. */
const versions = ['20.9.0', '22', '24'] as const;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8')) as Manifest;

/** @returns The tarball of each published package, by the name of its folder. */
async function packAll(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = readdirSync('packages').filter((name) => manifestOf(name).private !== true);
  const tarballs = new Map<string, string>();
  for (const name of names) {
    const args = ['pack', '--silent', '--pack-destination', folder, '-w', join('packages', name)];
    const { stdout } = await run('npm', args);
    tarballs.set(name, join(folder, stdout.trim().split('\n').at(-1) ?? ''));
  }
  return tarballs;
}

interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** `npm install --global` of all tarballs gives the command, and the command gives a node. */
async function installCommand(
  prefix: string,
  tarballs: readonly string[],
  version: string,
): Promise<(origin: string) => Promise<Served>> {
  await run('npm', ['install', '--global', '--prefix', prefix, ...npmQuiet, ...tarballs]);
  const command = join(prefix, 'bin/holdfast');
  const { stdout } = await run(command, ['--version']);
  if (stdout.trim() !== version) throw new Error(`holdfast --version says ${stdout}`);
  return async (origin) => {
    const settings = ['--http-port', '0', '--grpc-port', '0', '--http-allowed-origins', origin];
    const args = ['--json', 'server', ...settings, '--storage-folder', join(prefix, 'data')];
    const node = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise<void>((resolve) => node.once('exit', () => resolve()));
    for await (const line of createInterface({ input: node.stdout })) {
      const { url } = JSON.parse(line) as { readonly url: string };
      return {
        url,
        async stop() {
          node.kill('SIGTERM');
          await ended;
        },
      };
    }
    throw new Error('The installed command started no node.');
  };
}

/** A client command as it is installed. @throws Error where it does not say what became of the lock. */
async function askOn(program: string, prefix: string, url: string): Promise<void> {
  const command = await realpath(join(prefix, 'bin/holdfast'));
  const asked = [command, '--endpoint', url, 'lock', 'run', 'jobs/a', '--'];
  const words = ['sh', '-c', 'echo "under $HOLDFAST_FENCE_TOKEN"'];
  const { stdout } = await run(program, [...asked, ...words], { timeout: 60_000 });
  if (!/^under \d+$/.test(stdout.trim())) throw new Error(`holdfast lock run wrote ${stdout}`);
}

/** The first program of the README, with what it writes, and where it asks. */
function exampleOf(url: string): string {
  const readme = readFileSync('packages/client/README.md', 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1];
  if (example === undefined) throw new Error('The README of the client has no example.');
  if (!example.includes('http://127.0.0.1:5000')) throw new Error('The example asks elsewhere.');
  return `declare const tell: undefined | ((text: string) => void);
const invoices = ['a', 'b'];
const written: { invoice: string; fenceToken: number }[] = [];
const store = {
  write: async (invoice: string, { fenceToken }: { fenceToken: number }) => void written.push({ invoice, fenceToken }),
};
${example.replace('http://127.0.0.1:5000', url)}
const text = JSON.stringify(written);
if (typeof tell === 'function') tell(text);
else console.log(text);
`;
}

/** @throws Error where it is not what the example writes. */
function checkWritten(where: string, text: string): void {
  const written = JSON.parse(text) as readonly { invoice: string; fenceToken: number }[];
  const [first, second] = written;
  if (written.length !== 2 || first?.invoice !== 'a' || first.fenceToken !== second?.fenceToken)
    throw new Error(`${where}: the example wrote ${text}`);
  console.log(`${where}: the example of the README held token ${String(first.fenceToken)}.`);
}

/** @param wanted A major, or one version. @returns A program of it on the path, or out of npm's package. */
async function nodeOf(wanted: string, folder: string): Promise<string> {
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = join(place, 'node');
    const version = await run(program, ['--version']).catch(() => undefined);
    if (`${version?.stdout.trim() ?? ''}.`.startsWith(`v${wanted}.`)) return program;
  }
  const into = join(folder, `node-${wanted}`);
  mkdirSync(into);
  writeFileSync(join(into, 'package.json'), '{"private":true,"allowScripts":{"node":true}}');
  await run('npm', ['install', ...npmQuiet, '--prefix', into, `node@${wanted}`]);
  return join(into, 'node_modules/node/bin/node');
}

async function clientIn(project: string, tarballs: readonly string[]): Promise<void> {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  await run('npm', ['install', ...npmQuiet, ...tarballs], { cwd: project });
  await run('npm', ['install', ...npmQuiet, 'esbuild@0.28.2'], { cwd: project });
}

async function main(scratch: string): Promise<void> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const tarballs = await packAll(scratch);
  console.log(`Packed ${String(tarballs.size)} packages.`);
  const start = await installCommand(join(scratch, 'global'), [...tarballs.values()], version);
  console.log('npm install --global gives the command.');
  const project = join(scratch, 'project');
  const own = ['client', 'protocol'].map((name) => tarballs.get(name) ?? '');
  await clientIn(project, own);
  await runInBrowser(async (origin, show) => {
    const node = await start(origin);
    try {
      writeFileSync(join(project, 'example.ts'), exampleOf(node.url));
      const esbuild = join(project, 'node_modules/.bin/esbuild');
      const target = ['--target=es2022', '--format=esm'];
      // What Node 20 cannot read of the newest language is written out for it.
      await run(esbuild, ['example.ts', '--outfile=example.js', ...target], { cwd: project });
      await run(
        esbuild,
        ['example.ts', '--bundle', '--platform=browser', '--outfile=bundle.js', ...target],
        { cwd: project },
      );
      for (const wanted of versions) {
        const program = await nodeOf(wanted, scratch);
        const { stdout } = await run(program, ['example.js'], { cwd: project, timeout: 60_000 });
        await askOn(program, join(scratch, 'global'), node.url);
        checkWritten(execFileSync(program, ['--version'], { encoding: 'utf8' }).trim(), stdout);
      }
      const told = await show(readFileSync(join(project, 'bundle.js'), 'utf8'));
      if (told === undefined) {
        console.log('SKIPPED: there is no Chromium here for the bundle (Debian: chromium).');
        if (process.env['CI'] !== undefined) process.exitCode = 1;
      } else checkWritten('Chromium', told);
    } finally {
      await node.stop();
    }
  });
}

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-installed-'));
try {
  await main(scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
