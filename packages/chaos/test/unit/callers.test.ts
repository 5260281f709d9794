import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { callerFrom } from '../../src/cluster/callers.ts';
import { ProxyLinks, PeerProxy } from '../../src/cluster/proxy.ts';

const onLinux = process.platform === 'linux' ? {} : { skip: 'It asks Linux.' };

describe('Who connects to a proxy that cannot read what is said', onLinux, () => {
  it('is the process whose socket it is, and nobody where it is of no node', async (t) => {
    const target = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    t.after(() => target.close());
    const links = new ProxyLinks();
    const nodes: [string, number][] = [
      ['init', 1],
      ['node-1', process.pid],
    ];
    const asked: (string | undefined)[] = [];
    const proxy = new PeerProxy('node-2', (target.address() as AddressInfo).port, links, (port) => {
      asked.push(callerFrom(port, nodes));
      return asked.at(-1);
    });
    const port = await proxy.listen();
    t.after(() => proxy.close());
    const dial = (): Socket => connect(port, '127.0.0.1').on('error', () => undefined);

    const own = dial();
    own.write('\u0016\u0003\u0001 these are no frames');
    const [echoed] = (await once(own, 'data')) as [Buffer];
    assert.equal(echoed.toString(), '\u0016\u0003\u0001 these are no frames');
    assert.deepEqual(asked, ['node-1']);

    links.set('node-1', 'node-2', { cut: true });
    let isThrough = false;
    own.once('data', () => (isThrough = true));
    own.write('more');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(isThrough, false, 'the pair is cut');
    links.mendAll();
    await once(own, 'data');
    own.destroy();

    nodes.pop();
    const stranger = dial();
    await once(stranger, 'close');
    assert.deepEqual(asked, ['node-1', undefined]);
  });
});
