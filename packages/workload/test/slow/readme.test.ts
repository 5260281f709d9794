/**
 * The section of README.md that leads from a clone to a secured cluster with dashboard and alerts: its blocks are run as
 * they stand there, but with the ports and the folders of this test.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../src/free-ports.ts';
import { launch } from '../dashboard/seen.ts';
import { findChromium } from '../integration/support/page.ts';
import { untilSo, WaitExpiredError } from '../../../checker/src/waits.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const [, section = ''] =
  /^## A secured cluster of three, with dashboard and alerts$([^]*?)^## /m.exec(
    readFileSync(join(root, 'README.md'), 'utf8'),
  ) ?? [];
const blocks = [...section.matchAll(/^```bash\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const [starting = '', securing = '', restarting = '', watching = '', killing = ''] = blocks;
const [, connecting = ''] = /^```ts\n([^]*?)^```$/m.exec(section) ?? [];
/** What a block sets, in the same terminal as another one. */
const settingsOf = (block: string): string =>
  block
    .split('\n')
    .filter((line) => /^(?:export|holdfast\(\))/.test(line))
    .join('\n');
const hasPrometheus =
  spawnSync(process.env['PROMETHEUS'] ?? 'prometheus', ['--version']).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
const children: ChildProcess[] = [];
let moved: (text: string) => string;
let url = '';
let prometheusUrl = '';
let firstTerminal: ChildProcess | undefined;

/** A terminal, in which what was set stays set. */
function terminal(name: string, texts: readonly string[]): ChildProcess {
  const path = join(folder, `${name}.sh`);
  writeFileSync(path, `set -euo pipefail\n${texts.map(moved).join('\n')}`);
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('HOLDFAST_'));
  const child = spawn('bash', ['--noprofile', '--norc', path], {
    cwd: root,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  children.push(child);
  return child;
}

async function ended(
  child: ChildProcess,
): Promise<{ readonly status: number | null; readonly told: string }> {
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (told += text));
  const [status] = (await once(child, 'close', { signal: AbortSignal.timeout(120_000) })) as [
    number | null,
  ];
  return { status, told };
}

/** Until a line says so. What comes after it is read and dropped. */
async function says(child: ChildProcess, wanted: RegExp): Promise<void> {
  const lines: string[] = [];
  assert.ok(child.stdout !== null && child.stderr !== null);
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const found = Promise.withResolvers<undefined>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (wanted.test(line)) found.resolve(undefined);
  });
  child.once('close', () => found.reject(new Error(`It ended:\n${lines.join('\n')}`)));
  const late = sleep(300_000, undefined, { ref: false }).then(() => {
    throw new Error(`It did not say ${String(wanted)}:\n${lines.join('\n')}`);
  });
  await Promise.race([found.promise, late]);
}

before(async () => {
  const ports = await freePorts(4);
  const [first, second, third, prometheus] = ports.map(String);
  const listed = [first, second, third].join(',');
  const onPorts = (text: string): string =>
    text
      .replaceAll('127.0.0.1:5000', `127.0.0.1:${first ?? ''}`)
      .replaceAll('127.0.0.1:5001', `127.0.0.1:${second ?? ''}`)
      .replaceAll('127.0.0.1:5002', `127.0.0.1:${third ?? ''}`)
      .replaceAll('127.0.0.1:9095', `127.0.0.1:${prometheus ?? ''}`);
  moved = (text) =>
    onPorts(text)
      .replaceAll(/(?:\$PWD\/|(?<![\w/.-]))(?=data\/|deploy\/)/g, `${folder}/`)
      .replace('make cluster', `make cluster PORTS=${listed} DATA=${folder}/data/cluster-tls`);
  url = `https://127.0.0.1:${first ?? ''}`;
  prometheusUrl = `http://127.0.0.1:${prometheus ?? ''}`;
  mkdirSync(join(folder, 'deploy/prometheus'), { recursive: true });
  for (const name of ['prometheus.yaml', 'holdfast-alerts.yaml']) {
    const path = `deploy/prometheus/${name}`;
    writeFileSync(join(folder, path), onPorts(readFileSync(join(root, path), 'utf8')));
  }
});
after(async () => {
  for (const child of children.toReversed()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    process.kill(-child.pid, 'SIGTERM');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('README.md, from a clone to a secured cluster', { timeout: 900_000 }, () => {
  it('has these blocks: a cluster, security, another start, alerts, a node that is killed', () => {
    assert.equal(blocks.length, 5);
    for (const [block, part] of [
      [starting, 'make cluster TLS=1'],
      [securing, 'holdfast auth enable'],
      [restarting, 'make cluster TLS=1'],
      [watching, 'prometheus --config.file'],
      [killing, 'kill -9'],
      [connecting, 'await connect({'],
    ] as const)
      assert.ok(block.includes(part), part);
  });

  it('starts three nodes over TLS, turns authentication on, and uses them', async () => {
    firstTerminal = terminal('first', [starting]);
    await says(firstTerminal, /^The cluster is ready/);
    const { status, told } = await ended(terminal('second', [securing]));
    assert.equal(status, 0, told);
    assert.match(told, /Authentication is on/);
    assert.match(told, /I have it, and nobody else has/);
    assert.match(told, /"locks":/);
    assert.equal(statSync(join(folder, 'data/admin.key')).mode & 0o777, 0o600);
  });

  it('is open to nobody without a key', () => {
    const ca = join(folder, 'data/cluster-tls/tls/ca.crt');
    const asked = ['--silent', '--cacert', ca, '--write-out', '%{http_code}', `${url}/locks`];
    assert.match(spawnSync('curl', asked, { encoding: 'utf8' }).stdout, /401$/);
  });

  it('lets a program in that shows the key', () => {
    const program = `${moved(connecting)}
      await using session = await client.session({ timeoutSeconds: 10 });
      await using hold = await session.lock('demo', { waitMs: 5000 });
      console.log('token', hold.fenceToken);`;
    const flags = ['--conditions=source', '--input-type=module-typescript', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
    assert.match(stdout, /^token \d+$/m, stderr);
  });

  it('is started again where it was stopped, with what it had', async () => {
    assert.ok(firstTerminal?.pid !== undefined);
    process.kill(-firstTerminal.pid, 'SIGINT'); // As Ctrl-C does, to all that runs in the terminal.
    await once(firstTerminal, 'close', { signal: AbortSignal.timeout(60_000) });
    await says(terminal('again', [settingsOf(starting), restarting]), /^The cluster is ready/);
    const status = await ended(terminal('status', [settingsOf(securing), 'holdfast status']));
    assert.equal(status.status, 0, status.told);
  });

  it('shows the dashboard to a browser that signs in with the key', async (t) => {
    if (findChromium() === undefined) {
      t.skip('There is no Chromium here: apt-get install chromium.');
      return;
    }
    const browser = await launch();
    try {
      // As somebody who accepts the warning of the browser.
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      page.setDefaultTimeout(30_000);
      await page.goto(url);
      await page.getByRole('button', { name: 'Sign in' }).click();
      const key = readFileSync(join(folder, 'data/admin.key'), 'utf8').trim();
      await page.getByLabel('API key').fill(key);
      await page.getByLabel('API key').press('Enter');
      for (const member of ['node-1', 'node-2', 'node-3'])
        await page.getByText(member).first().waitFor({ state: 'visible' });
    } finally {
      await browser.close();
    }
  });

  it('has a Prometheus that reads all nodes and knows the rules', async (t) => {
    if (!hasPrometheus) {
      t.skip('There is no Prometheus here: apt-get install prometheus.');
      return;
    }
    // In the same terminal as the commands before, whose settings it has.
    const child = terminal('third', [settingsOf(securing), watching]);
    const told: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => told.push(text));
    const ask = async (path: string): Promise<string> => {
      const answer = await fetch(prometheusUrl + path).catch(() => undefined);
      return (await answer?.text()) ?? '';
    };
    const three = '/api/v1/query?query=count(holdfast_has_leader==1)';
    for (const end = Date.now() + 90_000; ; await sleep(500)) {
      if (/"value":\[[\d.]+,"3"\]/.test(await ask(three))) break;
      assert.equal(child.exitCode, null, told.join(''));
      if (Date.now() > end) throw new WaitExpiredError(told.join(''));
    }
    assert.match(await ask('/api/v1/rules'), /HoldfastMemberDown/);
    assert.equal(statSync(join(folder, 'data/metrics.key')).mode & 0o777, 0o600);

    const killed = await ended(terminal('fourth', [killing]));
    assert.equal(killed.status, 0, killed.told);
    const fires = '/api/v1/query?query=ALERTS{alertname="HoldfastMemberDown",alertstate="firing"}';
    await untilSo(async () => /"value":\[[\d.]+,"1"\]/.test(await ask(fires)), {
      what: 'HoldfastMemberDown fires',
      longestMs: 180_000,
      pauseMs: 1000,
    });
  });
});
