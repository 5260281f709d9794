/**
 * docs/security.md as somebody follows it: certificates, three nodes with TLS between clients, nodes and members,
 * authentication, two roles; then a key is revoked while streams, watches and waits of it are open on all nodes. Its commands
 * are run as they stand there, but for the addresses, which are all of this machine.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { freePorts } from '../../../workload/src/free-ports.ts';
import { hold, openWith } from '../integration/documents/open-with-key.ts';
import type { Opened } from '../integration/documents/open-with-key.ts';
import { SecuredReader } from '../integration/documents/secured-reader.ts';
import { blocksOf, readDocument } from '../integration/documents/page.ts';
import { assertSoon, WaitExpiredError } from '../../../checker/src/waits.ts';

const blocks = blocksOf(readDocument('security.md'))
  .filter(({ kind }) => kind === 'bash')
  .map(({ lines }) => lines.join('\n'));
const blockWith = (text: string): string =>
  blocks.find((block) => block.includes(text)) ??
  assert.fail(`docs/security.md has no block of kind bash with "${text}".`);

/** What the page promises, from when the revocation is told. */
const promisedMs = 1000;
const readyWithinMs = 60_000;

const keyIn = (text: string): string =>
  /hf_[a-z0-9]+_[A-Za-z0-9_-]{43}/.exec(text)?.[0] ?? assert.fail(text);
const idIn = (key: string): string => key.split('_')[1] ?? '';

const reader = new SecuredReader();
const nodes: ChildProcess[] = [];
let ports: readonly number[] = [];
const urls = (): string[] => ports.map((port) => `https://127.0.0.1:${String(port)}`);

before(async () => {
  ports = await freePorts(3);
});
after(async () => {
  await Promise.all(nodes.map((node) => reader.end(node)));
  reader.close();
});

/** The page is of three machines with the same ports; here are three ports of one machine. */
function onThisMachine(text: string): string {
  const portOf = (letter: string, more: number): string =>
    String((ports['abc'.indexOf(letter)] ?? 0) + more);
  return text
    .replaceAll(/\b([abc])\.example:8080/g, (_, letter: string) => `127.0.0.1:${portOf(letter, 0)}`)
    .replaceAll(
      /\b([abc])\.example:9090/g,
      (_, letter: string) => `127.0.0.1:${portOf(letter, 2000)}`,
    )
    .replaceAll(/\b[abc]\.example\b/g, '127.0.0.1');
}

/** The page shows the first machine's command: each has its own name where that has the first one's, and the other way round. */
function asOnMachine(text: string, place: number): string {
  const swap = (one: number): number => (one === 0 ? place : one === place ? 0 : one);
  const own = text
    .replaceAll(
      /\bnode-(\d)/g,
      (_, number: string) => `node-${String(swap(Number(number) - 1) + 1)}`,
    )
    .replaceAll(
      /\b([abc])\.example/g,
      (_, letter: string) => `${'abc'[swap('abc'.indexOf(letter))] ?? ''}.example`,
    );
  const port = ports[place] ?? 0;
  const listening = onThisMachine(own)
    .replace('0.0.0.0:9090', `127.0.0.1:${String(port + 2000)}`)
    .replaceAll('0.0.0.0', '127.0.0.1');
  return `${listening.trimEnd()} --http-port ${String(port)} --grpc-port ${String(port + 1000)}`;
}

async function untilReady(): Promise<void> {
  const deadlineMs = performance.now() + readyWithinMs;
  for (;;) {
    for (const url of urls()) {
      const answer = await reader.ask(url, '/cluster/status').catch(() => undefined);
      if (answer?.body['is_ready'] === true) return;
    }
    if (performance.now() > deadlineMs) {
      const logs = nodes.map((_, place) => reader.log(place)).join('\n');
      throw new WaitExpiredError(`No node leads. ${logs}`);
    }
    await pause(50);
  }
}

const acquire = async (url: string, name: string, key?: string): Promise<number> => {
  const body = { client_id: `asks ${url}`, ttl_seconds: 60 };
  return (await reader.ask(url, `/locks/${encodeURIComponent(name)}/acquire`, { key, body }))
    .status;
};

describe('docs/security.md', { timeout: 180_000 }, () => {
  let administrator = '';
  let nightly = '';
  let rotated = '';
  let ships = '';

  it('makes an authority and certificates, and three nodes that show each other theirs', async () => {
    for (const line of onThisMachine(blockWith('holdfast cert init')).trimEnd().split('\n'))
      await reader.run(line);
    for (const place of ports.keys()) {
      const folder = join(reader.folder, `machine-${String(place)}`, 'tls');
      mkdirSync(folder, { recursive: true });
      for (const name of [
        'ca.crt',
        `node-${String(place + 1)}.crt`,
        `node-${String(place + 1)}.key`,
      ])
        copyFileSync(join(reader.folder, 'tls', name), join(folder, name));
      nodes.push(reader.start(asOnMachine(blockWith('holdfast server '), place), place));
    }
    await untilReady();
  });

  it('has members ask each other for certificates', async () => {
    for (const port of ports) {
      const { ca, ...shown } = reader.pair(port === ports[1] ? 'node-3' : 'node-2');
      const [member, stranger] = [{ ca, ...shown }, { ca }].map((options) =>
        connectTls({ ...options, host: '127.0.0.1', port: port + 2000 })
          .on('error', () => undefined)
          .resume(),
      );
      assert.ok(member !== undefined && stranger !== undefined);
      await once(stranger, 'close', { signal: AbortSignal.timeout(20_000) });
      assert.equal(member.closed, false, 'who shows the certificate of a member is listened to');
      member.destroy();
    }
  });

  it('reaches them with the certificate of a client', async () => {
    const lines = onThisMachine(blockWith('holdfast status')).trimEnd().split('\n');
    for (const line of lines) {
      if (line.startsWith('export ')) reader.set(line);
      else await reader.run(line);
    }
    const told = await reader.run('holdfast status --json');
    const { members, insecure } = JSON.parse(told) as {
      readonly insecure: unknown;
      readonly members: readonly unknown[];
    };
    assert.deepEqual([members.length, insecure], [3, false]);
    await assert.rejects(reader.ask(urls()[0] ?? '', '/health', { certificate: false }));
  });

  it('turns authentication on, and makes two roles that permit nothing of each other', async () => {
    const commands = blockWith('holdfast auth enable').trimEnd().split('\n');
    const revoke = commands.pop() ?? '';
    assert.match(revoke, /^holdfast auth key revoke KEY-ID/);
    for (const line of commands) {
      if (line.startsWith('export ')) {
        assert.match(line, /^export HOLDFAST_API_KEY=hf_\.\.\. /);
        reader.set(line.replace('hf_...', administrator));
        continue;
      }
      const told = await reader.run(line.replace('KEY-ID', idIn(nightly)));
      if (line.startsWith('holdfast auth enable')) administrator = keyIn(told);
      if (line.startsWith('holdfast auth key create nightly')) nightly = keyIn(told);
      if (line.startsWith('holdfast auth key create ships')) ships = keyIn(told);
      if (line.startsWith('holdfast auth check')) assert.match(told, /acquire lock reports\/\*/);
      if (line.startsWith('holdfast auth key rotate')) rotated = keyIn(told);
    }
    for (const url of urls()) {
      const own = new URL(url).port;
      const asked = await Promise.all([
        acquire(url, `reports/${own}`, nightly),
        acquire(url, `orders/${own}`, nightly),
        acquire(url, `orders/${own}`, ships),
        acquire(url, `reports/${own}`, ships),
        acquire(url, `reports/${own}`),
      ]);
      assert.deepEqual(asked, [200, 403, 200, 403, 401], url);
    }
  });

  it('ends what a revoked key has open on all nodes, and nothing of another key', async (t) => {
    const [first = ''] = urls();
    await hold(reader, first, rotated, 'reports/held');
    const ends: Opened[] = [];
    const others: Opened[] = [];
    for (const url of urls()) {
      ends.push(...(await openWith(reader, url, nightly, 'reports/held')));
      others.push(...(await openWith(reader, url, rotated, 'reports/held')));
    }
    await pause(200);
    assert.deepEqual(
      [...ends, ...others].filter(({ ended }) => ended() !== undefined),
      [],
    );
    const revoking = reader.begin(`holdfast auth key revoke ${idIn(nightly)}`);
    assert.ok(revoking.stdout !== null);
    const told = reader.tells(revoking);
    await Promise.race([once(revoking.stdout, 'data'), told]);
    const open = (): string[] =>
      ends.filter(({ ended }) => ended() === undefined).map(({ of }) => of);
    await assertSoon(() => open().length === 0, {
      what: () => `all is ended that the revoked key had open, and not ${open().join(', ')}`,
      longestMs: promisedMs,
      pauseMs: 5,
    });
    const toldAtMs = await told;
    const found = ends.map(({ of, ended }) => ({ of, how: ended()?.how }));
    assert.deepEqual(
      found,
      urls().flatMap((url) => [
        { of: `stream on ${url}`, how: '1008' },
        { of: `watch on ${url}`, how: 'unauthorized' },
        { of: `wait on ${url}`, how: 'unauthorized' },
      ]),
    );
    const lastMs = Math.max(...ends.map(({ ended }) => (ended()?.atMs ?? 0) - toldAtMs));
    t.diagnostic(
      `all ended ${lastMs.toFixed(0)} ms after the revocation was told (promised: ${String(promisedMs)} ms)`,
    );
    for (const url of urls()) {
      const name = `reports/${new URL(url).port}/afterwards`;
      assert.equal(await acquire(url, name, nightly), 401, url);
      assert.equal(await acquire(url, name, rotated), 200, url);
    }
    assert.deepEqual(
      others.filter(({ ended }) => ended() !== undefined),
      [],
    );
    for (const { hangUp } of others) hangUp();
  });
});
