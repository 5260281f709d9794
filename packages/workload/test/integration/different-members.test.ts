/** Two nodes that were told of different members when they were first started: each counts another majority. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePorts } from '../../src/free-ports.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { end, startHoldfast } from './support/command.ts';

interface Started {
  readonly child: ChildProcess;
  readonly told: () => string;
}

describe('Nodes whose lists of initial members differ', () => {
  it('refuse each other with both lists, and elect nobody (HELLO-4)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-members-'));
    const [one = 0, two = 0, three = 0, http = 0, otherHttp = 0] = await freePorts(5);
    const addressOf = (port: number): string => `127.0.0.1:${String(port)}`;
    const start = (id: string, port: number, httpPort: number, peers: string): Started => {
      const settings = {
        'cluster-cluster-id': 'members',
        'cluster-node-id': id,
        'cluster-listen': addressOf(port),
        'cluster-peers': peers,
        'http-port': String(httpPort),
        'grpc-enabled': 'false',
        'storage-folder': join(folder, id),
      };
      const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
      const child = startHoldfast(['server', ...flags]);
      let text = '';
      child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      return { child, told: () => text };
    };
    // Given one that was told of b and c, and one that was told of a and d
    const a = start('a', one, http, `b=${addressOf(two)},c=${addressOf(three)}`);
    const b = start('b', two, otherHttp, `a=${addressOf(one)},d=${addressOf(three)}`);
    try {
      // When they meet, then both lists are told, with what to compare
      const refusal =
        /with the members a, b, [cd], node .{1,2}[ab].{1,2} with a, b, [cd]: .*Compare/;
      await waitUntil('no node tells both lists', 20_000, () =>
        Promise.resolve(refusal.test(a.told()) || refusal.test(b.told())),
      );
      // Then nobody leads, though two of three are there by either list
      for (const port of [http, otherHttp]) {
        const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
        assert.equal(response.status, 503);
      }
    } finally {
      await end(a.child);
      await end(b.child);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
