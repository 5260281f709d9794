/** A node that is cut off from Redis, and from nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { ResourceName } from '@holdfast/state';
import {
  RedisServer,
  forgetful,
  redisProgram,
} from '../../../redis-voters/test/integration/redis/redis-server.ts';
import { assertSoon } from '../../../checker/src/waits.ts';
import { RedisStores } from '../support/redis-stores.ts';

const skip = redisProgram === undefined ? 'no redis-server on this machine' : false;
const asker = { identity: 'test' };

/** A line to a server. Cut, it keeps its connections open and passes nothing on: nobody is told. */
class Line implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on('connection', (near) => {
      const far = connect({ host: '127.0.0.1', port });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (bytes) => {
          if (!this.#isCut) to.write(bytes);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async to(port: number): Promise<Line> {
    const server = createServer();
    const line = new Line(server, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get url(): string {
    return `redis://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

describe('A node that Redis does not answer', { skip }, () => {
  let server: RedisServer | undefined;
  let line: Line | undefined;
  let nodes: RedisStores | undefined;
  before(async () => {
    server = await RedisServer.start(forgetful);
    line = await Line.to(server.port);
    const direct = [server.url];
    const cuttable = [line.url];
    nodes = await RedisStores.open((id) => ({
      urls: id === 'a' ? cuttable : direct,
      isCluster: false,
    }));
  });
  after(async () => {
    await nodes?.[Symbol.asyncDispose]();
    await line?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it('leaves its partitions to the others, asks them for its clients, and has its own again (OWN-8)', async () => {
    assert.ok(nodes !== undefined && line !== undefined);
    const all = nodes;
    const store = all.of('a');
    const name = 'jobs' as ResourceName;
    const keys = Array.from({ length: 40 }, (_, at) => `key-${String(at)}`);
    line.cut();
    const areOthers = (): boolean => all.areOwnedBy(['b', 'c']);
    await assertSoon(areOthers, { what: 'the others have all', longestMs: 30_000, pauseMs: 50 });
    for (const key of keys) {
      const messages = [{ key, payload: key }];
      const pushed = await store.submit({ type: 'queue_push', name, messages }, asker);
      assert.ok(pushed.ok, JSON.stringify(pushed));
    }
    const taken: string[] = [];
    while (taken.length < keys.length) {
      const popped = await store.submit({ type: 'queue_pop', name, count: 10 }, asker);
      assert.ok(popped.ok && popped.type === 'queue_taken');
      assert.ok(popped.deliveries.length > 0, `${String(taken.length)} of ${String(keys.length)}`);
      for (const { key } of popped.deliveries) taken.push(key);
    }
    assert.deepEqual(taken.toSorted(), keys.toSorted());
    line.mend();
    const eachHasItsOwn = (): boolean => all.areOwnedBy(['a', 'b', 'c']);
    await assertSoon(eachHasItsOwn, { what: 'it has its own', longestMs: 30_000, pauseMs: 50 });
  });
});
