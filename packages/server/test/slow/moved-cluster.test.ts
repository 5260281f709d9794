/** Clusters of real processes whose members listen elsewhere than before. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startLocalCluster } from '../../src/local-cluster.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-moved-'));
after(() => rmSync(root, { recursive: true, force: true }));
const timeout = 120_000;

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

interface Status {
  readonly leader: string | null;
  readonly is_ready: boolean;
  readonly members: readonly {
    readonly node_id: string;
    readonly address: string;
    readonly connected: boolean;
    readonly url: string;
  }[];
}

const entry = new URL('../../src/node-entry.ts', import.meta.url);
const ids = ['a', 'b', 'c'] as const;
/** All of 127.0.0.0/8 is this machine on Linux; elsewhere there is no second address without setting it up. */
const otherHost = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1';

/** Where a node listens for its peers. */
interface Place {
  readonly host: string;
  readonly port: number;
}

const textOf = ({ host, port }: Place): string => `${host}:${String(port)}`;

/** Three nodes, each of which is started with the addresses that it is told. */
class Nodes {
  readonly #folder: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #urls = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param places Of the peer listeners, as this node is told. */
  async start(id: string, places: Readonly<Record<string, Place>>): Promise<void> {
    const [httpPort = 0] = await freePorts(1);
    const address = (of: string): string => textOf(placeOf(places, of));
    const child = fork(entry, [], {
      execArgv: ['--conditions=source'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        HOLDFAST_CLUSTER_CLUSTER_ID: 'moving',
        HOLDFAST_CLUSTER_NODE_ID: id,
        HOLDFAST_CLUSTER_LISTEN: address(id),
        HOLDFAST_CLUSTER_PEERS: ids
          .filter((other) => other !== id)
          .map((other) => `${other}=${address(other)}`)
          .join(','),
        HOLDFAST_HTTP_PORT: String(httpPort),
        HOLDFAST_GRPC_ENABLED: 'false',
        HOLDFAST_STORAGE_FOLDER: join(this.#folder, id),
        HOLDFAST_STOP_WITH_PARENT: '1',
      },
    });
    this.#children.set(id, child);
    this.#urls.set(id, `http://127.0.0.1:${String(httpPort)}`);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`${id} ended with ${String(code)}`)));
    });
  }

  async stop(id: string): Promise<void> {
    const child = this.#children.get(id);
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  stopAll = async (): Promise<void> => {
    await Promise.all(ids.map((id) => this.stop(id)));
  };

  urlOf = (id: string): string => this.#urls.get(id) ?? '';

  /** Resolves when every node sees all others connected, and a leader. */
  async whole(): Promise<Status> {
    let all: readonly (Status | undefined)[] = [];
    const look = async (): Promise<Status | undefined> => {
      all = await Promise.all(ids.map((id) => this.#status(id)));
      const isWhole = all.every(
        (status, at) =>
          status?.is_ready === true &&
          status.members.every(({ node_id, connected }) => connected || node_id === ids[at]),
      );
      return isWhole ? all[0] : undefined;
    };
    return untilSo(look, { what: () => JSON.stringify(all), longestMs: 30_000, pauseMs: 20 });
  }

  async #status(id: string): Promise<Status | undefined> {
    try {
      const answer = await fetch(`${this.urlOf(id)}/cluster/status`);
      return (await answer.json()) as Status;
    } catch {
      return undefined;
    }
  }
}

function placeOf(places: Readonly<Record<string, Place>>, id: string): Place {
  const place = places[id];
  if (place === undefined) throw new Error(`Nobody told where ${id} is.`);
  return place;
}

async function acquire(url: string, name: string): Promise<number> {
  const answer = await fetch(`${url}/locks/${name}/acquire`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'me', ttl_seconds: 600 }),
  });
  const body = (await answer.json()) as { readonly fence_token?: number };
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.fence_token ?? 0;
}

describe('A local cluster', () => {
  it('goes on where it was when it is started on other ports', { timeout }, async () => {
    const folder = join(root, 'local');
    const tokens: number[] = [];
    for (let round = 0; round < 3; round++) {
      // Peers and gRPC have ports of their own, derived from these.
      const ports = [0, 1, 2].map((at) => 24_200 + 10 * round + at);
      const cluster = await startLocalCluster({ ports, folder });
      try {
        await cluster.leader(30_000);
        tokens.push(await acquire(cluster.urls[0] ?? '', `round-${String(round)}`));
      } finally {
        await cluster.close();
      }
    }
    assert.deepEqual(tokens, [1, 2, 3]);
  });
});

describe('A cluster of processes', () => {
  it(
    'goes on when one member moves to another host, then two to other ports, then all',
    { timeout },
    async () => {
      const nodes = new Nodes(join(root, 'processes'));
      const places: Record<string, Place> = {};
      const assign = async (moved: readonly string[], host = '127.0.0.1'): Promise<void> => {
        const free = await freePorts(moved.length);
        for (const [at, id] of moved.entries()) places[id] = { host, port: free[at] ?? 0 };
      };
      try {
        await assign(ids);
        const first = { ...places };
        await Promise.all(ids.map((id) => nodes.start(id, first)));
        await nodes.whole();
        const tokens = [await acquire(nodes.urlOf('a'), 'before')];
        for (const [moved, host] of [[['c'], otherHost], [['a', 'b']]] as const) {
          for (const id of moved) await nodes.stop(id);
          await assign(moved, host);
          // Each is told where it listens itself, and of the others what was so at first.
          await Promise.all(
            moved.map((id) => nodes.start(id, { ...first, [id]: placeOf(places, id) })),
          );
          const { members } = await nodes.whole();
          for (const { node_id, address, url } of members) {
            assert.equal(address, textOf(placeOf(places, node_id)), node_id);
            assert.equal(url, nodes.urlOf(node_id));
          }
          tokens.push(await acquire(nodes.urlOf('b'), `after-${moved.join('-')}`));
        }
        // A restart where nobody is told anything new finds all of them.
        await nodes.stopAll();
        await Promise.all(
          ids.map((id) => nodes.start(id, { ...first, [id]: placeOf(places, id) })),
        );
        await nodes.whole();
        // All at once, with a configuration that says so.
        await nodes.stopAll();
        await assign(ids);
        await Promise.all(ids.map((id) => nodes.start(id, places)));
        await nodes.whole();
        tokens.push(await acquire(nodes.urlOf('c'), 'at-the-end'));
        assert.deepEqual(tokens, [1, 2, 3, 4]);
      } finally {
        await nodes.stopAll();
      }
    },
  );
});
