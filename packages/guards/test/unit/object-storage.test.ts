import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FetchObjectStore, getFenced, putFenced } from '@holdfast/guards/object-storage';
import { Journal } from './examples/object-storage.ts';
import { grantHolds } from './support/holds.ts';
import { startObjectServer } from './support/object-server.ts';
import type { ObjectServer } from './support/object-server.ts';
import { isCode, isStale } from './support/refusals.ts';

const largestToken = Number.MAX_SAFE_INTEGER;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (from: Uint8Array | undefined): string => new TextDecoder().decode(from);

for (const etagOf of ['bytes', 'write'] as const)
  describe(`The guard of objects, in a store whose entity tags are of the ${etagOf}`, () => {
    let server: ObjectServer;
    let store: FetchObjectStore;
    beforeEach(async () => {
      server = await startObjectServer(etagOf);
      store = new FetchObjectStore({ url: `${server.url}/`, etagOf });
    });
    afterEach(async () => await server[Symbol.asyncDispose]());

    const put = async (content: string, fenceToken: number, key = 'a'): Promise<void> =>
      await putFenced(store, key, { fenceToken }, bytes(content));
    const read = async (key = 'a'): Promise<string> => text((await getFenced(store, key))?.bytes);

    it('puts an object where there is none, and the same holder puts it again', async () => {
      assert.equal(await getFenced(store, 'a'), undefined);
      await put('one', 7);
      assert.deepEqual(await getFenced(store, 'a'), { bytes: bytes('one'), fenceToken: 7 });
      await put('two', 7);
      assert.equal(await read(), 'two');
    });

    it('refuses a smaller token once a larger was seen, and sends no put', async () => {
      await put('one', 7);
      await put('two', 9);
      server.answered.length = 0;
      await assert.rejects(put('late', 8), isStale(8, 9));
      assert.deepEqual(server.answered, ['HEAD /a 200']);
      assert.equal(await read(), 'two');
    });

    it('tells tokens apart up to 2^53 - 1, and keys with all kinds of characters', async () => {
      const key = 'folder/ä ?#%';
      await put('one', largestToken, key);
      await assert.rejects(
        put('late', largestToken - 1, key),
        isStale(largestToken - 1, largestToken),
      );
      await put('another', 1);
      assert.deepEqual([await read(key), await read()], ['one', 'another']);
      assert.deepEqual([...server.objects.keys()], [key, 'a']);
    });

    it('sends nothing for a key that addresses lose: it would leave the bucket', async () => {
      for (const key of ['', '.', '..', '../b', 'a/../../b/c', 'a/./b', 'a/..']) {
        await assert.rejects(put('one', 7, key), isCode('invalid_request'), key);
        await assert.rejects(read(key), isCode('invalid_request'), key);
      }
      assert.deepEqual(server.answered, []);
      for (const key of ['...', 'a/..b', '.hidden', '%2e%2e', 'a//b']) {
        await put(key, 7, key);
        assert.equal(await read(key), key);
      }
      assert.deepEqual([...server.objects.keys()], ['...', 'a/..b', '.hidden', '%2e%2e', 'a//b']);
    });

    it('refuses the holder that looked before a later one wrote, and put after it', async () => {
      await put('one', 7);
      server.beforePut = async () => await put('two', 8);
      await assert.rejects(put('late', 7), isStale(7, 8));
      assert.equal(await read(), 'two');
    });

    it('refuses it also when the later one wrote the very same bytes as were there', async () => {
      await put('one', 7);
      server.beforePut = async () => await put('one', 8);
      await assert.rejects(put('late', 7), isStale(7, 8));
      assert.deepEqual(await getFenced(store, 'a'), { bytes: bytes('one'), fenceToken: 8 });
    });

    it('refuses the first put of a holder when a later one came before it', async () => {
      server.beforePut = async () => await put('two', 8);
      await assert.rejects(put('late', 7), isStale(7, 8));
      assert.equal(await read(), 'two');
    });

    it('tries again when one with a smaller token came between, and makes the bytes anew', async () => {
      await put('a', 7);
      server.beforePut = async () => await put('ab', 7);
      await putFenced(store, 'a', { fenceToken: 8 }, (present) => bytes(`${text(present)}!`));
      assert.equal(await read(), 'ab!');
    });

    it('stops after some attempts, and has written nothing', async () => {
      await put('one', 7);
      server.failures.push(412, 409, 404);
      const trying = putFenced(store, 'a', { fenceToken: 8 }, bytes('two'), { attempts: 3 });
      await assert.rejects(trying, isCode('limit_exceeded'));
      assert.deepEqual(await getFenced(store, 'a'), { bytes: bytes('one'), fenceToken: 7 });
    });

    it('never lets the token of an object fall, however many put at once (GUARD-OBJECT-1, GUARD-OBJECT-2)', async () => {
      const tokens = Array.from({ length: 30 }, (_, index) => 1 + ((index * 7) % 31));
      await Promise.all(
        tokens.map(async (fenceToken) => {
          const content = bytes(String(fenceToken % 2));
          try {
            await putFenced(store, 'a', { fenceToken }, content, { attempts: 50 });
          } catch (error) {
            if (!isCode('stale_fence_token')(error)) throw error;
          }
        }),
      );
      assert.deepEqual(
        server.tokens,
        server.tokens.toSorted((a, b) => a - b),
      );
      assert.equal((await getFenced(store, 'a'))?.fenceToken, Math.max(...tokens));
    });

    it('takes over an object that was put without a guard, and reads it as it is', async () => {
      await fetch(`${server.url}/a`, { method: 'PUT', body: 'fence-token 99\nold' });
      assert.deepEqual(await getFenced(store, 'a'), {
        bytes: bytes('fence-token 99\nold'),
        fenceToken: 0,
      });
      await put('new', 1);
      assert.equal(await read(), 'new');
    });

    it('reads an object as it is that has a token and no line with it', async () => {
      const headers = { 'x-amz-meta-fence-token': '7' };
      await fetch(`${server.url}/a`, { method: 'PUT', body: 'a text that is longer', headers });
      assert.deepEqual(await getFenced(store, 'a'), {
        bytes: bytes('a text that is longer'),
        fenceToken: 7,
      });
    });

    it('stops at a token that is none, instead of taking it for none seen', async () => {
      const headers = { 'x-amz-meta-fence-token': 'seven' };
      await fetch(`${server.url}/a`, { method: 'PUT', body: 'old', headers });
      await assert.rejects(put('new', 1), isCode('invalid_request'));
      assert.equal(server.objects.get('a')?.bytes.toString(), 'old');
    });

    it('passes on that the outcome is unknown, or that the store refuses the caller', async () => {
      server.failures.push(500);
      await assert.rejects(put('one', 1), isCode('outcome_unknown'));
      server.failures.push(403);
      await assert.rejects(put('one', 1), isCode('forbidden'));
      // No bucket, say: not a condition that failed.
      server.failures.push(404);
      await assert.rejects(put('one', 1), isCode('invalid_request'));
      await assert.rejects(put('one', 0), isCode('invalid_request'));
    });
  });

describe('Example: a journal in a bucket', () => {
  it('holds no line of a holder that was overtaken', async () => {
    await using holds = await grantHolds();
    await using server = await startObjectServer('bytes');
    const journal = new Journal(server.url);
    const first = await holds.grant('journal');
    await journal.append(first, 'opened');
    const second = await holds.grant('journal');
    await journal.append(second, 'taken over');
    await assert.rejects(
      journal.append(first, 'late'),
      isStale(first.fenceToken, second.fenceToken),
    );
    await journal.append(second, 'closed');
    assert.equal(await journal.read(), 'opened\ntaken over\nclosed\n');
  });
});
