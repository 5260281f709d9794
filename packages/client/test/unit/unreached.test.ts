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
          /it was not executed\. Not reached: http:\/\/127\.0\.0\.1:28999 \(ECONNREFUSED\)/,
        );
        assert.deepEqual(error.details['unreached'], [
          { endpoint: 'http://127.0.0.1:28999', cause: 'ECONNREFUSED' },
        ]);
        return true;
      });
    });

  it('is remembered with its latest cause, and no more than a cluster has', () => {
    const causes = new Causes();
    for (let n = 0; n < 20; n++) causes.add(`http://n${String(n)}:1`, 'a');
    causes.add('http://n19:1', 'b');
    assert.equal(causes.all.length, 8);
    assert.deepEqual(causes.all.at(-1), { endpoint: 'http://n19:1', cause: 'b' });
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
