/** Everything on ::1: nothing listens on an IPv4 address, so that whatever goes there fails. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { Quorum } from '@holdfast/quorum-client';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { freePorts } from '../../src/free-ports.ts';
import { GrpcSpeaker } from './conformance/speakers.ts';
import { threeNodes } from './support/cluster.ts';
import type { TestCluster } from './support/cluster.ts';
import { end, holdfast, readyLine, startHoldfast } from './support/command.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const host = '::1';
const onLoopback = /^http:\/\/\[::1\]:\d+$/;
const hostPortOf = (url: string): string => url.slice('http://'.length);

async function statusOf(url: string): Promise<ClusterStatusAnswer> {
  return (await (await fetch(`${url}/cluster/status`)).json()) as ClusterStatusAnswer;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  await untilSo(holds, { what, longestMs: 20_000, pauseMs: 50 });
}

describe('A cluster on IPv6 alone', () => {
  let nodes: TestCluster;
  let cluster: LocalCluster;
  before(async () => {
    nodes = await threeNodes({}, { host });
    ({ cluster } = nodes);
  });
  after(() => nodes[Symbol.asyncDispose]());

  it('tells every address with its brackets', async () => {
    await until('every member telling its URL', async () => {
      const status = await statusOf(cluster.urls[0] ?? '');
      return status.members.every(({ url }) => url !== '');
    });
    const status = await statusOf(cluster.urls[0] ?? '');
    assert.deepEqual(status.members.map(({ url }) => url).sort(), [...cluster.urls].sort());
    for (const { url, address } of status.members) {
      assert.match(url, onLoopback);
      assert.match(address, /^\[::1\]:\d+$/);
    }
    assert.match(status.leader_url ?? '', onLoopback);
    assert.match(status.leader_address ?? '', /^\[::1\]:\d+$/);
    const leader = (await (await fetch(`${cluster.urls[1] ?? ''}/leader`)).json()) as {
      readonly url: string;
    };
    assert.equal(leader.url, status.leader_url);
  });

  it('serves commands, which name a node by host:port', async () => {
    const endpoint = ['--endpoint', hostPortOf(cluster.urls[0] ?? '')];
    assert.match(await holdfast(['status', ...endpoint]), /http:\/\/\[::1\]:\d+ +\[::1\]:\d+/);
    const words = ['lock', 'run', ...endpoint, 'six/command', '--', 'echo', 'ran'];
    assert.match(await holdfast(words), /ran/);
  });

  it('serves gRPC on every node', async () => {
    const speaker = new GrpcSpeaker(cluster);
    try {
      await speaker.open('grpc');
      const hold = await speaker.ask('grpc', 'acquire', { name: 'six/grpc' });
      assert.ok(Number(hold['fence_token']) > 0);
      for (const { grpcAddress } of cluster.nodes) assert.match(grpcAddress, /^\[::1\]:\d+$/);
    } finally {
      await speaker.close();
    }
  });

  it('keeps a hold over the death of its leader, for a client that knew no other node', async () => {
    const leader = await cluster.leader();
    await using client = await connect({ endpoints: [urlOfNode(cluster, leader)] });
    await using session = await client.session({ timeoutSeconds: 15 });
    const hold = await session.lock('six/failover');
    await cluster.kill(leader, 'SIGKILL');
    const next = await session.lock('six/next', { waitMs: 10_000 });
    hold.assertHeld();
    assert.ok(next.fenceToken > hold.fenceToken);
    await hold.release();
    await cluster.restart(leader);
    await cluster.leader();
  });

  it('takes a member in whose address has brackets', async () => {
    const [port = 0] = await freePorts(1, host);
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-ipv6-'));
    const status = await statusOf(cluster.urls[0] ?? '');
    const peers = status.members.map(({ node_id, address }) => `${node_id}=${address}`).join(',');
    const settings = {
      'cluster-cluster-id': status.cluster_id,
      'cluster-node-id': 'node-4',
      'cluster-listen': `[::1]:${String(port + 2000)}`,
      'cluster-peers': peers,
      'cluster-join': 'true',
      'http-host': '::1',
      'http-port': String(port),
      'grpc-enabled': 'false',
      'storage-folder': join(folder, 'data'),
      'log-level': 'error',
    };
    const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
    const newcomer = startHoldfast(['server', '--json', ...flags]);
    try {
      const ready = (await readyLine(newcomer)) as { readonly url: string };
      assert.equal(ready.url, `http://[::1]:${String(port)}`);
      const added = await fetch(`${cluster.urls[0] ?? ''}/cluster/members`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ node_id: 'node-4', address: `[0:0::1]:${String(port + 2000)}` }),
      });
      assert.equal(added.status, 200, await added.text());
      await until('the vote of node-4', async () => {
        const { members } = await statusOf(cluster.urls[0] ?? '');
        return members.some(({ node_id, role }) => node_id === 'node-4' && role === 'voter');
      });
      await until('node-4 knowing the leader', async () => {
        const response = await fetch(`${ready.url}/readyz`);
        return response.ok;
      });
    } finally {
      await fetch(`${cluster.urls[0] ?? ''}/cluster/members`, {
        method: 'DELETE',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ node_id: 'node-4' }),
      });
      await end(newcomer);
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('Lease nodes on IPv6 alone', () => {
  it('grant, and go on without one of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-ipv6-quorum-'));
    const ports = await freePorts(3, host);
    const words = ['--ports', ports.join(','), '--data', join(folder, 'quorum'), '--host', host];
    const nodes = startHoldfast(['quorum-cluster', '--json', ...words]);
    try {
      const ready = (await readyLine(nodes)) as {
        readonly nodes: readonly { url: string; pid: number; voting: boolean }[];
      };
      const urls = ready.nodes.map(({ url }) => url);
      assert.deepEqual(
        urls,
        ports.map((port) => `http://[::1]:${String(port)}`),
      );
      assert.ok(ready.nodes.every(({ voting }) => voting));
      const list = urls.map(hostPortOf);
      using quorum = new Quorum({ nodes: list });
      const hold = await quorum.lock('six').acquire({ waitMs: 5000 });
      hold.assertHeld();
      await hold.release();
      process.kill(ready.nodes[2]?.pid ?? 0, 'SIGKILL');
      const run = ['quorum', 'lock', 'run', '--nodes', list.join(','), 'six', '--', 'echo', 'ran'];
      assert.match(await holdfast(run), /ran/);
      const status = await holdfast(['quorum', 'status', '--nodes', list.join(','), 'six']);
      assert.match(status, /http:\/\/\[::1\]:\d+/);
    } finally {
      await end(nodes);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
