import assert from 'node:assert/strict';
import { once } from 'node:events';
import { IncomingMessage, request } from 'node:http';
import { describe, it } from 'node:test';
import type { Server } from 'node:http';
import {
  fenceTokenHeader,
  HttpFenceGuard,
  MemoryFenceStore,
  withFence,
} from '@holdfast/guards/http';
import type { FenceOutcome } from '@holdfast/guards/http';
import { pageServer, putPage } from './examples/http.ts';
import { grantHolds } from './support/holds.ts';
import { isCode } from './support/refusals.ts';

/** A write that ends when the test says so. */
class SlowWrite {
  readonly begun: Promise<void>;
  readonly run: () => Promise<void>;
  finish: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor() {
    const end = new Promise<void>((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    let begin = (): void => undefined;
    this.begun = new Promise((resolve) => (begin = resolve));
    this.run = async () => {
      begin();
      await end;
    };
  }
}

const carrying = (fenceToken: number): Headers =>
  new Headers({ 'fence-token': String(fenceToken) });
const statusOf = (outcome: FenceOutcome<unknown>): number =>
  outcome.accepted ? 200 : outcome.status;

describe('A request behind the fence', () => {
  it('carries the token beside the headers that it had', () => {
    const { headers, method } = withFence(
      { fenceToken: Number.MAX_SAFE_INTEGER },
      { method: 'PUT', headers: [['Accept', 'text/plain']] },
    );
    const sent = new Headers(headers);
    assert.equal(sent.get(fenceTokenHeader), '9007199254740991');
    assert.equal(sent.get('accept'), 'text/plain');
    assert.equal(method, 'PUT');
  });

  it('takes the place of a token that was there, and leaves what it was given as it was', () => {
    const given = { headers: { 'fence-token': '1' } };
    assert.equal(new Headers(withFence({ fenceToken: 2 }, given).headers).get('Fence-Token'), '2');
    assert.deepEqual(given, { headers: { 'fence-token': '1' } });
  });

  it('is not made of what is no token', () => {
    for (const fenceToken of [0, 1.5, Number.NaN, 2 ** 53])
      assert.throws(() => withFence({ fenceToken }), isCode('invalid_request'));
  });
});

describe('The guard of a server', () => {
  it('lets the first write pass, the same token again and a larger one, and refuses a smaller', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore());
    const answers: number[] = [];
    for (const token of [5, 5, 8, 7, 5, 8])
      answers.push(statusOf(await guard.write(carrying(token), 'a', () => 'written')));
    assert.deepEqual(answers, [200, 200, 200, 409, 409, 200]);
    assert.equal(statusOf(await guard.write(carrying(1), 'another', () => 'written')), 200);
  });

  it('says in the refusal of a stale token which one it has seen, and does not write', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore());
    await guard.write(carrying(8), 'a', () => 'written');
    const outcome = await guard.write(carrying(7), 'a', () => assert.fail('written'));
    assert.ok(!outcome.accepted);
    const { status, code, fence_token: token, largest_fence_token: largest } = outcome.problem;
    assert.deepEqual([status, code, token, largest], [409, 'stale_fence_token', 7, 8]);
  });

  it('asks for a token with 428 where there is none, and refuses what is none with 400', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore());
    const write = async (headers: Record<string, string | string[]>): Promise<number> =>
      statusOf(await guard.write(headers, 'a', () => assert.fail('written')));
    assert.equal(await write({}), 428);
    for (const value of [
      '',
      '0',
      '-1',
      '1.5',
      '1e3',
      '0x10',
      '07',
      ' 7',
      '9007199254740992',
      '7, 8',
    ])
      assert.equal(await write({ 'fence-token': value }), 400, value);
    assert.equal(await write({ 'fence-token': ['7'] }), 400);
  });

  it('makes a later holder wait for a write that was let in, so that it cannot land afterwards (GUARD-HTTP-1)', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore());
    const slow = new SlowWrite();
    const order: string[] = [];
    const first = guard.write(carrying(1), 'a', async () => {
      await slow.run();
      order.push('first');
    });
    await slow.begun;
    const second = guard.write(carrying(2), 'a', () => order.push('second'));
    const late = guard.write(carrying(1), 'a', () => order.push('late'));
    // Another resource is not kept waiting.
    await guard.write(carrying(1), 'b', () => order.push('another'));
    slow.finish();
    assert.deepEqual((await Promise.all([first, second, late])).map(statusOf), [200, 200, 409]);
    assert.deepEqual(order, ['another', 'first', 'second']);
  });

  it('lets no smaller token in after a larger, in whatever order many come at once (GUARD-HTTP-2)', async () => {
    // A store that answers later, as one in a database does.
    const memory = new MemoryFenceStore({ maxResources: 1 });
    const guard = new HttpFenceGuard({
      raise: async (resource, token) => {
        await new Promise(setImmediate);
        return memory.raise(resource, token);
      },
    });
    const tokens = Array.from({ length: 200 }, (_, index) => 1 + ((index * 37) % 101));
    const written: number[] = [];
    await Promise.all(
      tokens.map(async (token) => {
        await guard.write(carrying(token), 'a', async () => {
          await new Promise(setImmediate);
          written.push(token);
        });
      }),
    );
    assert.deepEqual(
      written,
      written.toSorted((a, b) => a - b),
    );
    assert.equal(written.at(-1), 101);
  });

  it('tells the error of a write to its caller alone, and goes on', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore());
    const slow = new SlowWrite();
    const broken = assert.rejects(guard.write(carrying(2), 'a', slow.run), /disk/);
    const next = guard.write(carrying(2), 'a', () => 'written');
    slow.fail(new Error('disk'));
    await broken;
    assert.equal(statusOf(await next), 200);
    assert.equal(statusOf(await guard.write(carrying(1), 'a', () => 'written')), 409);
  });

  it('refuses with 503 what is more than it lets wait', async () => {
    const guard = new HttpFenceGuard(new MemoryFenceStore(), { maxUnfinished: 2 });
    const slow = new SlowWrite();
    const unfinished = [1, 2].map((token) => guard.write(carrying(token), 'a', slow.run));
    assert.equal(statusOf(await guard.write(carrying(3), 'b', () => 'written')), 503);
    slow.finish();
    await Promise.all(unfinished);
    assert.equal(statusOf(await guard.write(carrying(3), 'b', () => 'written')), 200);
  });
});

describe('Example: a server of pages', () => {
  const listening = async (server: Server): Promise<string> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return `http://127.0.0.1:${String(address.port)}`;
  };

  it('keeps what the later holder wrote when the earlier one comes late', async () => {
    await using holds = await grantHolds();
    const pages = new Map<string, string>();
    await using server = pageServer(pages);
    const url = `${await listening(server)}/home`;

    const first = await holds.grant('pages/home');
    assert.equal((await putPage(url, first, 'draft')).status, 204);
    const second = await holds.grant('pages/home');
    assert.equal((await putPage(url, second, 'final')).status, 204);

    const late = await putPage(url, first, 'draft again');
    assert.equal(late.status, 409);
    assert.equal(late.headers.get('content-type'), 'application/problem+json');
    assert.match(await late.text(), /"code":"stale_fence_token"/);
    assert.equal(pages.get('/home'), 'final');
  });

  it('asks for the token of a request without one, and refuses one with two', async () => {
    await using server = pageServer(new Map());
    const url = await listening(server);
    assert.equal((await fetch(url, { method: 'PUT', body: 'page' })).status, 428);
    const twice = request(url, { method: 'PUT', headers: { 'Fence-Token': ['1', '2'] } }).end();
    const [answer]: unknown[] = await once(twice, 'response');
    assert.ok(answer instanceof IncomingMessage);
    answer.resume();
    assert.equal(answer.statusCode, 400);
  });
});
