/** From a backup of three nodes under load to three nodes of a new cluster, by real processes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, HoldfastError } from '@holdfast/client';
import type { Client, ClientWarning, Hold, Session } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster } from '@holdfast/server';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const timeout = 600_000;
const jump = 2 ** 40;

interface Statistics {
  readonly fence_counter: number;
  readonly active_sessions: number;
}

async function json<T>(url: string, path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(20_000), ...init });
  assert.ok(answer.ok, `${path}: ${String(answer.status)} ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}

async function headersOf(url: string): Promise<Record<'index' | 'hash' | 'cluster', string>> {
  const { headers, body } = await fetch(`${url}/cluster/snapshot`);
  await body?.cancel();
  const header = (name: string): string => headers.get(`holdfast-${name}`) ?? '';
  return {
    index: header('snapshot-index'),
    hash: header('snapshot-hash'),
    cluster: header('cluster-id'),
  };
}

describe('A backup of three nodes under load', { timeout }, () => {
  let home: string;
  let backup: string;
  let old: LocalCluster;
  let client: Client;
  let session: Session;
  let hold: Hold;
  const warnings: ClientWarning[] = [];
  let highestToken = 0;
  const running: ReturnType<typeof holdfast>[] = [];

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-restored-'));
    backup = join(home, 'backup');
    old = await startLocalCluster({
      ports: [await freePort(), await freePort(), await freePort()],
      folder: join(home, 'old'),
    });
    await old.leader();
    client = await connect({
      endpoints: [...old.urls],
      onWarning: (warning) => warnings.push(warning),
    });
    // Long enough for a node of the new cluster to start; its loss is waited for below.
    session = await client.session({ timeoutSeconds: 30 });
    hold = await session.lock('kept');
    highestToken = hold.fenceToken;
    await backUpUnderLoad();
    // What is done after the backup is not in it.
    const later = await session.lock('after the backup');
    highestToken = Math.max(highestToken, later.fenceToken);
    await old.close();
  });

  after(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    await client.close();
    await old.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function backUpUnderLoad(): Promise<void> {
    const loading = { isOver: false };
    const load = (async () => {
      for (let number = 0; !loading.isOver; number++) {
        const held = await session.lock(`load ${String(number % 50)}`);
        highestToken = Math.max(highestToken, held.fenceToken);
        if (number % 3 > 0) await held.release();
        else await session.lock(`stays ${String(number)}`);
      }
    })();
    const { status, stderr, stdout } = await holdfast(old.urls[1], ['--json', 'backup', backup])
      .ended;
    loading.isOver = true;
    await load;
    assert.equal(status, 0, stderr);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(told['hash'], sha256(backup));
    assert.equal(told['byte_length'], statSync(backup).size);
    assert.match(String(told['cluster_id']), /^local-/);
  }

  function nodeOf(id: string): { readonly id: string; readonly url: string } {
    const node = old.nodes.find(({ nodeId }) => nodeId === id);
    assert.ok(node !== undefined);
    return { id, url: node.url };
  }

  const sha256 = (file: string): string =>
    createHash('sha256').update(readFileSync(file)).digest('hex');

  const restore = (folder: string, ...more: readonly string[]): ReturnType<typeof holdfast> =>
    holdfast(undefined, ['--json', 'restore', backup, '--storage-folder', folder, ...more]);

  interface Place {
    readonly id: string;
    readonly url: string;
    readonly peer: string;
    readonly folder: string;
  }

  async function places(ids: readonly string[]): Promise<readonly Place[]> {
    const found: Place[] = [];
    for (const id of ids) {
      const port = await freePort();
      const [url, peer] = [`http://127.0.0.1:${String(port)}`, `127.0.0.1:${String(port + 2000)}`];
      found.push({ id, url, peer, folder: join(home, id) });
    }
    return found;
  }

  async function start(place: Place, clusterId: string, ...more: readonly string[]) {
    const node = holdfast(undefined, [
      'server',
      '--cluster-cluster-id',
      clusterId,
      '--cluster-node-id',
      place.id,
      '--storage-folder',
      place.folder,
      '--http-port',
      new URL(place.url).port,
      '--cluster-listen',
      place.peer,
      '--grpc-enabled',
      'false',
      ...more,
    ]);
    running.push(node);
    let log = '';
    node.child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await until(`start of ${place.id}`, () => node.told() !== '', 60_000);
    return { ...node, log: () => log };
  }

  async function untilAsync(what: string, holds: () => Promise<boolean>): Promise<void> {
    await untilSo(() => holds().catch(() => false), { what, longestMs: 60_000, pauseMs: 50 });
  }

  it('given a client of the old cluster, when a node of the new one is where it asks, then it asks nothing of it and takes its holds for lost, one made anew is served, and no old member takes part', async () => {
    const folder = join(home, 'in-its-place');
    const { stdout } = await restore(folder).ended;
    const { cluster_id: clusterId } = JSON.parse(stdout) as { cluster_id: string };
    const at = (node: string): Place => {
      const { id, url } = nodeOf(node);
      const peer = `127.0.0.1:${String(Number(new URL(url).port) + 2000)}`;
      return { id, url, peer, folder: join(home, 'old', node, 'data') };
    };
    await start({ ...at('node-1'), folder }, clusterId);
    // A member of the old cluster finds it where node-1 of its own was, and is refused, with both names.
    const oldId = readFileSync(join(home, 'old', 'cluster-id'), 'utf8').trim();
    const peers = ['node-1', 'node-3'].map((id) => `${id}=${at(id).peer}`).join(',');
    const member = await start(at('node-2'), oldId, '--cluster-peers', peers);
    await until('the refusal', () => member.log().includes(clusterId), 60_000);
    assert.ok(member.log().includes(oldId));
    const { leader } = await json<{ leader: string | null }>(at('node-2').url, '/cluster/status');
    assert.equal(leader, null);
    const isTold = (): boolean =>
      warnings.some((one) => one.kind === 'other_cluster' && one.otherClusterId === clusterId);
    await until('the warning', isTold, 60_000);
    await until('the loss', () => hold.state === 'lost', 90_000);
    await assert.rejects(
      session.lock('more'),
      (error) =>
        error instanceof HoldfastError &&
        ['session_expired', 'session_not_found', 'hold_lost'].includes(error.code),
    );
    const anew = await connect({ endpoints: [at('node-1').url] });
    const again = await anew.session({ timeoutSeconds: 60 });
    const granted = await again.lock('kept');
    assert.ok(granted.fenceToken > jump);
    await again.end();
    await anew.close();
  });

  it('becomes a new cluster of three nodes with higher tokens and one state', async () => {
    const [first, second, third] = (await places(['n1', 'n2', 'n3'])) as [Place, Place, Place];
    // Given the first node, restored
    const name = 'the-new-one';
    const options = ['--cluster-cluster-id', name, '--cluster-node-id', 'n1'];
    const restored = await restore(first.folder, ...options, '--cluster-advertise', first.peer)
      .ended;
    assert.equal(restored.status, 0, restored.stderr);
    const told = JSON.parse(restored.stdout) as Record<string, unknown>;
    assert.equal(told['cluster_id'], name);
    assert.equal(told['hash_checked'], true);
    assert.equal(told['fence_counter'], jump);
    assert.ok(Number(told['ended_sessions']) >= 1);
    await start(first, name);
    // When the others join with empty folders
    for (const place of [second, third]) {
      await untilAsync(`n1 takes ${place.id}`, async () => {
        await json(first.url, '/cluster/members', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ node_id: place.id, address: place.peer }),
        });
        return true;
      });
      await start(place, name, '--cluster-join', 'true', '--cluster-peers', `n1=${first.peer}`);
    }
    await untilAsync('all vote', async () => {
      const { members } = await json<{ members: { role: string; connected: boolean }[] }>(
        first.url,
        '/cluster/status',
      );
      return members.filter(({ role }) => role === 'voter').length === 3;
    });
    // Then tokens are higher than any that were seen, from every node
    const anew = await connect({ endpoints: [first.url, second.url, third.url] });
    const other = await anew.session({ timeoutSeconds: 60 });
    const granted = await other.lock('kept');
    assert.ok(granted.fenceToken > highestToken && granted.fenceToken > jump);
    assert.ok(highestToken < jump);
    // And all nodes have the same state
    const stats = async (url: string): Promise<Statistics> =>
      json<Statistics>(url, '/admin/stats?consistency=stale');
    await untilAsync('all nodes have it', async () => {
      const all = await Promise.all([first, second, third].map(({ url }) => stats(url)));
      return all.every(
        ({ fence_counter, active_sessions }) =>
          fence_counter === granted.fenceToken && active_sessions === 1,
      );
    });
    await untilAsync('three backups at one index', async () => {
      const dumps = await Promise.all([first, second, third].map(({ url }) => headersOf(url)));
      if (new Set(dumps.map(({ index }) => index)).size > 1) return false;
      assert.equal(new Set(dumps.map(({ hash }) => hash)).size, 1);
      assert.ok(dumps.every(({ cluster }) => cluster === name));
      return true;
    });
    await other.end();
    await anew.close();
  });

  it('keeps sessions and holds where that is chosen', async () => {
    const folder = join(home, 'keeping');
    const { stdout, stderr, status } = await restore(folder, '--sessions', 'keep').ended;
    assert.equal(status, 0, stderr);
    const { cluster_id: clusterId } = JSON.parse(stdout) as { cluster_id: string };
    const [place] = (await places(['node-1'])) as [Place];
    await start({ ...place, folder }, clusterId);
    await untilAsync('the first answer', async () => {
      const { holders } = await json<{ holders: readonly { fence_token: number }[] }>(
        place.url,
        '/locks/kept/status',
      );
      return holders.some(({ fence_token }) => fence_token === hold.fenceToken);
    });
  });

  it('tells what a later restore has to be given, and begins past what that is given (BEGIN-4)', async () => {
    const text = ['restore', backup, '--storage-folder', join(home, 'told')];
    const first = await holdfast(undefined, text).ended;
    assert.equal(first.status, 0, first.stderr);
    const number = /must be given --fence-above (\d+)/.exec(first.stdout)?.[1] ?? '';
    assert.equal(number, String(jump));
    const second = await restore(join(home, 'after it'), '--fence-above', number).ended;
    assert.equal(second.status, 0, second.stderr);
    const told = JSON.parse(second.stdout) as Record<string, unknown>;
    assert.equal(told['fence_counter'], 2 * jump);
    assert.ok(Number(told['index']) >= 2 * jump);
    for (const wrong of ['-1', '1.5', '', 'many', '9007199254740992']) {
      const never = join(home, 'never');
      const { status, stderr } = await restore(never, `--fence-above=${wrong}`).ended;
      assert.equal(status, 2, stderr);
      assert.match(stderr, /--fence-above takes a whole number/);
      assert.ok(!existsSync(never));
    }
  });

  it('is for peers at an address that leads each of them to the node (HOST-PORT-3)', async () => {
    const never = join(home, 'never');
    for (const wrong of ['0.0.0.0:7000', '[::]:7000', 'a:0', 'a:70000', '[::g]:1', 'a', '::1:7']) {
      const { status, stderr } = await restore(never, '--cluster-advertise', wrong).ended;
      assert.equal(status, 2, stderr);
      assert.match(stderr, /--cluster-advertise must .*given: /);
    }
    assert.ok(!existsSync(never));
    const folder = join(home, 'advertised');
    const words = ['restore', backup, '--storage-folder', folder];
    const done = await holdfast(undefined, [...words, '--cluster-advertise', '[0::1]:7000']).ended;
    assert.equal(done.status, 0, done.stderr);
    assert.ok(done.stdout.includes('--cluster-listen [::1]:7000 --cluster-advertise [::1]:7000'));
    const { initialMembers } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as {
      initialMembers: readonly { readonly address: string }[];
    };
    assert.deepEqual(
      initialMembers.map(({ address }) => address),
      ['[::1]:7000'],
    );
  });

  it('is refused where it is damaged or cut off, where the folder is used, and where the file is there', async () => {
    const damaged = join(home, 'damaged');
    const bytes = readFileSync(backup);
    writeFileSync(damaged, bytes);
    writeFileSync(`${damaged}.sha256`, readFileSync(`${backup}.sha256`));
    truncateSync(damaged, bytes.byteLength - 1);
    const folder = join(home, 'never');
    const words = ['restore', damaged, '--storage-folder', folder];
    const cut = await holdfast(undefined, words).ended;
    assert.equal(cut.status, 1);
    assert.match(cut.stderr, /damaged or cut off: its SHA-256 is [0-9a-f]{64}, and should be/);
    const used = await restore(join(home, 'keeping')).ended;
    assert.equal(used.status, 1);
    assert.equal(
      (JSON.parse(used.stderr) as { error: { code: string } }).error.code,
      'restore_refused',
    );
    assert.ok(!existsSync(folder));
    const again = await holdfast('http://127.0.0.1:1', ['backup', backup]).ended;
    assert.equal(again.status, 2, again.stderr);
    assert.deepEqual(
      readdirSync(home).filter((name) => name.endsWith('.partial')),
      [],
    );
  });
});
