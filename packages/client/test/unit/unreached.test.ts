import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { causeOf, Causes } from '../../src/causes.ts';
import { Client, connect } from '../../src/client.ts';
import { clusterOf, environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

describe('a node that cannot be reached', () => {
  for (const transport of ['stream', 'http'] as const)
    it(`is told with its URL and the cause, and that nothing was done: ${transport}`, async () => {
      const wanted = connect({ endpoints: ['127.0.0.1:28999'], timeoutMs: 400, transport });
      await assert.rejects(wanted, (error) => {
        assert.ok(error instanceof HoldfastError);
        assert.equal(error.code, 'deadline_exceeded');
        assert.match(
          error.message,
          /^No node answered within 400 ms\. Nothing was executed\. Not reached: http:\/\/127\.0\.0\.1:28999 \(ECONNREFUSED\)\.$/,
        );
        assert.deepEqual(error.details['unreached'], [
          { endpoint: 'http://127.0.0.1:28999', cause: 'ECONNREFUSED' },
        ]);
        return true;
      });
    });

  it('is told while it is still tried: a way that leads nowhere is no refusal', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.isSilent = true;
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    for (const timeoutMs of [500, 5000]) {
      const asked = client.call('force_release', { name: 'x', kind: 'lock' }, { timeoutMs });
      await clock.settled(
        assert.rejects(asked, (error) => {
          assert.ok(error instanceof HoldfastError);
          assert.equal(error.effect, 'none');
          const told = new RegExp(
            `^No node answered within ${String(timeoutMs)} ms\\. Nothing was executed\\. Not reached: http://a:8080 \\(no answer within \\d+ ms\\)\\.$`,
          );
          assert.match(error.message, told);
          return true;
        }),
      );
    }
    await client.close();
  });

  it('is none where it answers that it cannot now: what it says is told', async () => {
    const clock = new VirtualClock();
    const node = new VirtualNode(clock, 'a');
    node.handle = (asked) => {
      if (node.askedFor('lock_status').length === 1) asked.refuse('no_quorum');
    };
    const client = new Client(
      { endpoints: [node.url], timeoutMs: 1000 },
      environmentOf(clock, [node]),
    );
    await clock.settled(
      assert.rejects(client.call('lock_status', { name: 'x' }), (error) => {
        assert.ok(error instanceof HoldfastError);
        assert.doesNotMatch(error.message, /Not reached|No node answered/);
        assert.match(error.message, /within 1000 ms\. Nothing .* The latest answer: .*no_quorum/);
        return true;
      }),
    );
    await client.close();
  });

  it('is remembered with its latest cause, and no more than a cluster has', () => {
    const causes = new Causes();
    for (let n = 0; n < 20; n++) causes.add(`http://n${String(n)}:1`, 'a');
    causes.add('http://n19:1', 'b');
    const tried = { endpoint: 'http://n20:1', cause: 'c' };
    const all = causes.allAnd([tried, { endpoint: 'http://n19:1', cause: 'c' }]);
    assert.equal(all.length, 9);
    assert.deepEqual(all.slice(-2), [{ endpoint: 'http://n19:1', cause: 'b' }, tried]);
    assert.equal(
      causeOf(new TypeError('fetch failed', { cause: new Error('bad port') })),
      'bad port',
    );
  });

  it('is told with why it was left: another cluster, or no node at all', async () => {
    const clock = new VirtualClock();
    const [own, foreign, none] = ['a', 'b', 'c'].map((id) => new VirtualNode(clock, id));
    assert.ok(own !== undefined && foreign !== undefined && none !== undefined);
    foreign.greeting = { ...clusterOf(foreign, foreign, []), cluster_id: 'another' };
    none.greeting = { hello: 'world' };
    const nodes = [own, foreign, none];
    const endpoints = nodes.map(({ url }) => url);
    const client = new Client(
      { endpoints, timeoutMs: 2000, onWarning: () => undefined },
      environmentOf(clock, nodes),
    );
    await clock.settled(client.call('lock_status', { name: 'x' }));
    own.refuses = true;
    own.dropConnections();
    await clock.settled(
      assert.rejects(client.call('lock_status', { name: 'x' }), (error) => {
        assert.ok(error instanceof HoldfastError);
        const causes = new Map(
          (error.details['unreached'] as { endpoint: string; cause: string }[]).map(
            ({ endpoint, cause }) => [endpoint, cause],
          ),
        );
        assert.equal(causes.get(foreign.url), 'a node of another cluster');
        assert.equal(causes.get(none.url), 'what it says of its cluster cannot be read');
        return true;
      }),
    );
    await client.close();
  });
});
