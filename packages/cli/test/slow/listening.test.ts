/**
 * On which addresses real processes listen, asked of Linux and not of them: without settings of security other machines reach
 * nothing of a node, of a cluster, of a lease node (EXPOSED-1 of the server).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';

const skip = existsSync('/proc/net/tcp') ? false : 'This system does not tell who listens.';
const startTimeoutMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-listening-'));
const processes = new Set<ReturnType<typeof holdfast>>();
after(async () => {
  // In order: a local cluster ends its nodes.
  for (const { child } of processes) child.kill('SIGTERM');
  await Promise.all([...processes].map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];

/** With all that it started, and what those started. */
function familyOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${String(pid)}/task`).flatMap((task) =>
    linesOf(`/proc/${String(pid)}/task/${task}/children`).flatMap((line) =>
      line.split(' ').filter(Boolean).map(Number),
    ),
  );
  return [pid, ...children.flatMap(familyOf)];
}

function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = readdirSync(`/proc/${String(pid)}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${String(pid)}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // Closed meanwhile.
    }
  });
  return new Set(inodes);
}

const localColumn = 1;
const stateColumn = 3;
const inodeColumn = 9;
/** Of TCP it is LISTEN; of UDP it is a socket that has an address and no peer. */
const waiting: Readonly<Record<string, string>> = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' };
/** Addresses as Linux writes them, in words of the machine's own order: 127.0.0.0/8, ::1, and the former in an IPv6 one. */
const loopback = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** `address:port` of all on which they hear. */
function listeningOf(pids: readonly number[]): readonly string[] {
  const own = new Set(pids.flatMap((pid) => [...socketsOf(pid)]));
  return Object.entries(waiting).flatMap(([protocol, state]) =>
    linesOf(`/proc/net/${protocol}`).flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const isOwn = columns[stateColumn] === state && own.has(columns[inodeColumn] ?? '');
      return isOwn ? [columns[localColumn] ?? ''] : [];
    }),
  );
}

async function started(
  words: readonly string[],
  saysWhenReady: string,
): Promise<readonly string[]> {
  const running = holdfast(undefined, words);
  processes.add(running);
  await until(words.join(' '), () => running.told().includes(saysWhenReady), startTimeoutMs);
  return listeningOf(familyOf(running.child.pid ?? 0));
}

const assertLoopback = (heard: readonly string[], atLeast: number): void => {
  assert.ok(heard.length >= atLeast, `it listens on ${heard.join(', ')}`);
  for (const one of heard) assert.match(one.split(':')[0] ?? '', loopback, heard.join(', '));
};

describe('Processes without settings of security', { skip, timeout: 180_000 }, () => {
  it('listen on this machine alone: a node with all of its ports', async () => {
    const [http, grpc, metrics, peer] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ].map(String);
    const place = ['--storage-folder', join(folder, 'node'), '--http-port', http ?? ''];
    const more = [
      '--grpc-port',
      grpc ?? '',
      '--metrics-listen',
      `127.0.0.1:${metrics ?? ''}`,
      '--cluster-node-id',
      'n1',
      '--cluster-listen',
      `127.0.0.1:${peer ?? ''}`,
    ];
    assertLoopback(await started(['server', ...place, ...more], http ?? ''), 4);
  });

  it('listen on this machine alone: all nodes of a local cluster', async () => {
    const ports = [await freePort(), await freePort(), await freePort()].map(String);
    const words = ['cluster', '--ports', ports.join(','), '--data', join(folder, 'cluster')];
    assertLoopback(await started(words, ports.at(-1) ?? ''), 6);
  });

  it('listen on this machine alone: a lease node', async () => {
    const port = String(await freePort());
    const words = ['quorum-node', '--port', port, '--db', join(folder, 'l.sqlite'), '--join'];
    assertLoopback(await started(words, port), 1);
  });
});
