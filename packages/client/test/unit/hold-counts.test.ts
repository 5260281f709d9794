import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import type { ClientWarning } from '../../src/client-warning.ts';
import { Election } from '../../src/election.ts';
import { systemEnvironment } from '../../src/environment.ts';
import { MultiLock } from '../../src/multi-lock.ts';
import type { Session } from '../../src/session.ts';
import { FakePeer } from '../fake-peer.ts';
import { TestClock } from '../test-clock.ts';

describe('How often a lock was acquired', () => {
  let peer: FakePeer;
  let client: Client;
  let session: Session;
  /** As the cluster counts. */
  let holdCount: number | undefined;
  let epoch: number;
  let warnings: ClientWarning[];
  beforeEach(async () => {
    peer = await FakePeer.start();
    holdCount = 1;
    epoch = 9;
    warnings = [];
    peer.handle = (request) => {
      if (request.operation === 'acquire_many') {
        const wanted = request.body['resources'] as readonly { kind?: string; name: string }[];
        request.answer({
          acquired: true,
          holds: wanted.map(({ kind = 'lock', name }, at) => ({
            kind,
            resource: name,
            fence_token: kind === 'lock' ? 7 : 100 + request.id + at,
            hold_count: kind === 'lock' ? holdCount : 1,
          })),
        });
      } else if (request.operation === 'campaign') {
        const answer = { elected: true, resource: 'e', fence_token: epoch, session_id: 's1' };
        request.answer({ ...answer, hold_count: holdCount, revision: 1 });
      } else if (request.operation !== 'acquire') peer.answerNormally(request);
      else
        request.answer({ resource: 'a', fence_token: 7, mode: 'exclusive', hold_count: holdCount });
    };
    client = new Client(
      { endpoints: [peer.url], onWarning: (warning) => void warnings.push(warning) },
      { ...systemEnvironment, clock: new TestClock() },
    );
    session = await client.session({ timeoutSeconds: 10 });
  });
  afterEach(async () => {
    await client.close();
    await peer.close();
  });

  it('is told once where the cluster counts another number than the client, and nothing is released (HOLD-COUNT-2)', async () => {
    await session.lock('a');
    holdCount = 2;
    await session.lock('a');
    assert.equal(warnings.length, 0);
    // Given one acquire of another program, or of nobody
    for (holdCount of [4, 5]) await session.lock('a');
    assert.deepEqual(
      warnings.map(({ message, ...rest }) => ({
        ...rest,
        isPlain: /counts 4 .*knows of 3/.test(message),
      })),
      [
        {
          kind: 'hold_count_differs',
          sessionId: session.id,
          resourceKind: 'lock',
          resource: 'a',
          fenceToken: 7,
          holdCount: 4,
          knownCount: 3,
          isPlain: true,
        },
      ],
    );
    assert.ok(!peer.received.some(({ operation }) => operation === 'release'));
  });

  it('is compared for each of several locks that are acquired together', async () => {
    const several = new MultiLock(session, ['a', 'b', { kind: 'semaphore', name: 's' }]);
    await several.acquire();
    holdCount = 3;
    await several.acquire();
    const told = warnings.map((warning) =>
      warning.kind === 'hold_count_differs'
        ? [warning.resource, warning.holdCount, warning.knownCount]
        : [],
    );
    assert.deepEqual(told, [
      ['a', 3, 2],
      ['b', 3, 2],
    ]);
    assert.ok(!peer.received.some(({ operation }) => operation.startsWith('release')));
  });

  it('is compared for a leadership that is told again, and nothing is resigned (HOLD-COUNT-2)', async () => {
    const election = new Election(session, 'e');
    for (holdCount of [1, 2]) await election.campaign();
    assert.equal(warnings.length, 0);
    // Given one campaign of another program, or of nobody
    for (holdCount of [4, 5]) await election.campaign();
    assert.deepEqual(
      warnings.map(({ message, ...rest }) => ({
        ...rest,
        isPlain: /counts 4 campaigns in election "e" .*knows of 3/.test(message),
      })),
      [
        {
          kind: 'hold_count_differs',
          sessionId: session.id,
          resourceKind: 'election',
          resource: 'e',
          fenceToken: 9,
          holdCount: 4,
          knownCount: 3,
          isPlain: true,
        },
      ],
    );
    assert.ok(!peer.received.some(({ operation }) => operation === 'resign'));
  });

  it('is no reason for a leadership where the cluster counts all campaigns for one, or tells no number', async () => {
    const election = new Election(session, 'e');
    for (holdCount of [1, 2, 2, 2, undefined]) await election.campaign();
    assert.equal(warnings.length, 0);
  });

  it('begins anew for a leadership after one that was told twice was resigned', async () => {
    const election = new Election(session, 'e');
    const first = await election.campaign();
    holdCount = 2;
    const twin = await election.campaign();
    await first.resign();
    assert.equal(twin.state, 'released');
    assert.deepEqual(session.holds, []);
    [epoch, holdCount] = [10, 2];
    await election.campaign();
    assert.equal(warnings.length, 1, 'one of the two is not of this client');
  });

  it('is not compared for a leadership while a request is under way that may change it (HOLD-COUNT-1)', async () => {
    const election = new Election(session, 'e');
    const first = await election.campaign();
    holdCount = 2;
    await Promise.all([election.campaign(), first.resign()]);
    assert.equal(warnings.length, 0);
  });

  it('is not compared for several while a request is under way that may change it (HOLD-COUNT-1)', async () => {
    const several = new MultiLock(session, ['a', 'b']);
    const first = await several.acquire();
    holdCount = 2;
    await Promise.all([several.acquire(), first.release()]);
    assert.equal(warnings.length, 0);
  });

  it('is not compared while a request is under way that may change it (HOLD-COUNT-1)', async () => {
    const first = await session.lock('a');
    // When the first is released while the second is acquired
    holdCount = 2;
    await Promise.all([session.lock('a'), first.release()]);
    assert.equal(warnings.length, 0);
  });
});
