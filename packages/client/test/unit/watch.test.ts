import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { WatchEvent } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import type { ClientWarning } from '../../src/client-warning.ts';
import { Election } from '../../src/election.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';
import type { Asked } from '../virtual-nodes.ts';

const eventAt = (position: string): WatchEvent => ({
  type: 'granted',
  kind: 'lock',
  resource: 'x',
  client_id: 'c',
  fence_token: 1,
  mode: 'exclusive',
  position,
  revision: Number(position.split('-')[0]),
});

/** One node whose watches are answered as the test says: by number, in the order in which they began. */
function watched(): {
  readonly clock: VirtualClock;
  readonly node: VirtualNode;
  readonly client: Client;
  readonly warnings: readonly ClientWarning[];
  readonly tell: (...positions: readonly string[]) => void;
  readonly askedAfter: () => readonly unknown[];
} {
  const clock = new VirtualClock();
  const node = new VirtualNode(clock, 'n1');
  node.handle = (asked: Asked) => {
    if (asked.operation !== 'watch') node.serve(asked);
    // As a node does: without a position, from its end on.
    else asked.answer({ watch_id: watches(), position: asked.body['after'] ?? '7' });
  };
  const watches = (): number => node.askedFor('watch').length;
  const warnings: ClientWarning[] = [];
  const onWarning = (warning: ClientWarning): number => warnings.push(warning);
  const client = new Client({ endpoints: [node.url], onWarning }, environmentOf(clock, [node]));
  return {
    clock,
    node,
    client,
    warnings,
    tell: (...positions) =>
      node.push('watch', { watch_id: watches(), events: positions.map(eventAt) }),
    askedAfter: () => node.askedFor('watch').map(({ body }) => body['after']),
  };
}

describe('A watch that a node refuses', () => {
  const codes = Object.entries(errorDefinitions).filter(([, { by }]) => by !== 'client');
  for (const [code, { retry }] of codes) {
    const isOver = retry === 'never' || code === 'not_supported_yet';
    it(`${isOver ? 'is over' : 'goes on'}: ${code} (CLIENT-WATCH-1)`, async () => {
      const { clock, node, client, tell, askedAfter } = watched();
      const events = client.watch({ after: '7' })[Symbol.asyncIterator]();
      const first = events.next();
      await clock.pass(100);
      tell('8-0');
      assert.equal((await clock.settled(first)).value?.position, '8-0');
      const problem = { code, detail: `refused: ${code}` };
      node.push('watch', { watch_id: 1, events: [], problem });
      const next = events.next();
      if (isOver) {
        await clock.settled(assert.rejects(next, { code }));
      } else {
        const told = next.then(
          ({ value }) => value?.position,
          (error: unknown) => error,
        );
        await clock.pass(1000);
        tell('8-1');
        assert.equal(await clock.settled(told), '8-1');
        assert.deepEqual(askedAfter(), ['7', '8-0']);
      }
      await client.close();
    });
  }

  it('is asked for with growing pauses, and again soon once it has begun (CLIENT-WATCH-1)', async () => {
    const { clock, node, client, warnings, tell } = watched();
    const { handle } = node;
    node.handle = (asked) => {
      if (asked.operation === 'watch') asked.refuse('limit_exceeded');
      else handle(asked);
    };
    const events = client.watch({ after: '7' })[Symbol.asyncIterator]();
    const first = events.next();
    await clock.pass(60_000);
    const tries = node.askedFor('watch').length;
    assert.ok(tries > 10 && tries < 40, String(tries));
    assert.deepEqual(
      warnings.map((warning) => warning.kind === 'watch_refused' && warning.code),
      ['limit_exceeded'],
      'it is told once (CLIENT-WATCH-2)',
    );
    node.handle = handle;
    await clock.pass(6000);
    tell('8-0');
    assert.equal((await clock.settled(first)).value?.position, '8-0');
    await client.close();
  });

  it('ends with its signal while it pauses', async () => {
    const { clock, node, client } = watched();
    node.handle = (asked) => asked.refuse('overloaded');
    const controller = new AbortController();
    const next = client.watch({ signal: controller.signal }).next();
    await clock.pass(60_000);
    controller.abort();
    const endedAtMs = clock.nowMs;
    assert.equal((await clock.settled(next)).done, true);
    assert.ok(clock.nowMs - endedAtMs <= 10);
    await client.close();
  });

  it('ends when its client is closed', async () => {
    const { clock, client } = watched();
    const next = client.watch({}).next();
    const over = assert.rejects(next, { code: 'connection_lost' });
    await clock.pass(100);
    await client.close();
    await clock.settled(over);
  });
});

describe('A watch whose connection broke', () => {
  it('goes on after the last event that was handed out', async () => {
    const { clock, node, client, tell, askedAfter } = watched();
    const events = client.watch({ prefix: '' })[Symbol.asyncIterator]();
    const first = events.next();
    await clock.pass(100);
    tell('8-0', '8-1', '8-2');
    assert.equal((await clock.settled(first)).value?.position, '8-0');
    assert.equal((await clock.settled(events.next())).value?.position, '8-1');
    node.dropConnections();
    await clock.pass(100);
    // What came before the connection broke is handed out still.
    assert.equal((await clock.settled(events.next())).value?.position, '8-2');
    const last = events.next();
    await clock.pass(5000);
    tell('9-0');
    assert.equal((await clock.settled(last)).value?.position, '9-0');
    const [begun, ...resumed] = askedAfter();
    assert.equal(begun, undefined);
    assert.deepEqual(resumed, ['8-2']);
    await client.close();
  });

  it('goes on where it began when nothing was handed out', async () => {
    const { clock, node, client, tell, askedAfter } = watched();
    const events = client.watch({ prefix: '' })[Symbol.asyncIterator]();
    const first = events.next();
    await clock.pass(100);
    node.dropConnections();
    await clock.pass(5000);
    assert.deepEqual(askedAfter(), [undefined, '7']);
    tell('8-0');
    assert.equal((await clock.settled(first)).value?.position, '8-0');
    await client.close();
  });
});

describe('A watch from a position', () => {
  const begin = (codes: readonly string[]): ReturnType<typeof watched> => {
    const parts = watched();
    const { handle } = parts.node;
    const left = [...codes];
    parts.node.handle = (asked) => {
      const code = asked.operation === 'watch' ? left.shift() : undefined;
      if (code === undefined) handle(asked);
      else asked.refuse(code);
    };
    return parts;
  };

  it('that the cluster has not reached is over, and says so', async () => {
    const { clock, client } = begin(['future_position']);
    const events = client.watch({ after: '99999999' })[Symbol.asyncIterator]();
    const error = await clock.settled(events.next().catch((reason: unknown) => reason));
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.code, 'future_position');
    await client.close();
  });

  it('goes on trying while no node can say whether the cluster has reached it', async () => {
    const { clock, client, tell } = begin(Array.from({ length: 40 }, () => 'no_quorum'));
    const events = client.watch({ after: '7' })[Symbol.asyncIterator]();
    const first = events.next();
    await clock.pass(200_000);
    tell('8-1');
    assert.equal((await clock.settled(first)).value?.position, '8-1');
    await client.close();
  });
});

describe('A watch that has not begun', () => {
  /** No node is there, or none that answers this operation. */
  const unanswered = (
    operation: string,
  ): Pick<ReturnType<typeof watched>, 'clock' | 'client' | 'node'> => {
    const parts = watched();
    const { handle } = parts.node;
    parts.node.handle = (asked) => {
      if (asked.operation !== operation) handle(asked);
    };
    return parts;
  };
  const beginOf = {
    watch: (client: Client, signal: AbortSignal) => client.watch({ prefix: '', signal }).next(),
    'watch from a position': (client: Client, signal: AbortSignal) =>
      client.watch({ after: '7', signal }).next(),
  };

  for (const [name, begin] of Object.entries(beginOf))
    for (const isThere of [true, false])
      it(`ends with its signal at once (${name}, ${isThere ? 'the node says nothing' : 'no node is reached'})`, async () => {
        const { clock, client, node } = unanswered('watch');
        node.refuses = !isThere;
        const controller = new AbortController();
        const event = begin(client, controller.signal);
        await clock.pass(100);
        controller.abort();
        const endedAfterMs = clock.nowMs;
        assert.equal((await clock.settled(event)).done, true);
        assert.ok(clock.nowMs - endedAfterMs <= 10);
        await client.close();
      });

  it('of a leadership ends with its signal at once, whichever call is unanswered', async () => {
    for (const operation of ['election_leader', 'watch']) {
      const { clock, client } = unanswered(operation);
      const session = await clock.settled(client.session());
      const controller = new AbortController();
      const { signal } = controller;
      const options = operation === 'watch' ? { after: '7', signal } : { signal };
      const change = new Election(session, 'x').observe(options).next();
      await clock.pass(100);
      controller.abort();
      const endedAfterMs = clock.nowMs;
      assert.equal((await clock.settled(change)).done, true);
      assert.ok(clock.nowMs - endedAfterMs <= 10);
      const over = new Election(session, 'x').observe(options);
      assert.equal((await clock.settled(over.next())).done, true, 'nor does another begin');
      await clock.settled(client.close());
    }
  });

  it('is ended on the node when it begins after its caller has left (CONNECTION-2)', async () => {
    const { clock, client, node } = unanswered('watch');
    const controller = new AbortController();
    const event = client.watch({ prefix: '', signal: controller.signal }).next();
    await clock.pass(100);
    controller.abort();
    await clock.settled(event);
    node.askedFor('watch')[0]?.answer({ watch_id: 5, position: '7' });
    await clock.pass(100);
    assert.deepEqual(
      node.askedFor('unwatch').map(({ body }) => body),
      [{ watch_id: 5 }],
    );
    await client.close();
  });

  it('is ended on the node when it begins after its time, and another was asked for (CONNECTION-2)', async () => {
    const { clock, client, node } = unanswered('watch');
    const event = client.watch({ prefix: '' }).next();
    await clock.pass(35_000);
    const asked = node.askedFor('watch');
    assert.equal(asked.length, 4);
    for (const [index, one] of asked.entries()) one.answer({ watch_id: index + 1, position: '7' });
    await clock.pass(100);
    node.push('watch', { watch_id: 4, events: [eventAt('8-0')] });
    assert.equal((await clock.settled(event)).value?.position, '8-0');
    // An `unwatch` is answered with its watch, too: that begins nothing
    for (const one of node.askedFor('unwatch')) one.answer({ ...one.body, ended: true });
    await clock.pass(100);
    assert.deepEqual(
      node.askedFor('unwatch').map(({ body }) => body['watch_id']),
      [1, 2, 3],
    );
    await client.close();
  });
});

describe('Watches of a connection that broke', () => {
  it('are not ended under the id that another one has on the next connection', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'n1');
    let begun = 0;
    node.handle = (asked: Asked) => {
      if (asked.operation !== 'watch') node.serve(asked);
      else asked.answer({ watch_id: ++begun, position: asked.body['after'] ?? '7' });
    };
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    // Given two watches, of which the first one's reader is busy with an event.
    const slow = client.watch({ after: '7' })[Symbol.asyncIterator]();
    const slowFirst = slow.next();
    await clock.pass(100);
    node.push('watch', { watch_id: 1, events: [eventAt('8-0')] });
    await clock.settled(slowFirst);
    const quick = client.watch({ after: '7' })[Symbol.asyncIterator]();
    const quickFirst = quick.next();
    await clock.pass(100);
    assert.equal(begun, 2);

    // When the connection breaks, its node counts anew, and the busy reader reads on.
    node.dropConnections();
    begun = 0;
    await clock.pass(1000);
    assert.equal(begun, 1, 'the quick one is begun again');
    const slowNext = slow.next();
    await clock.pass(1000);

    // Then both are told what follows.
    assert.deepEqual(node.askedFor('unwatch'), []);
    node.push('watch', { watch_id: 1, events: [eventAt('9-0')] });
    node.push('watch', { watch_id: 2, events: [eventAt('9-1')] });
    assert.equal((await clock.settled(quickFirst)).value?.position, '9-0');
    assert.equal((await clock.settled(slowNext)).value?.position, '9-1');
    await client.close();
  });
});
