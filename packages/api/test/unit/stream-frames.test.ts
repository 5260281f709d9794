/** The frames about the stream itself are what the contract declares of them (OWN-FRAME-1, OWN-FRAME-2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { jsonSchemaOf, operations, streamFrames } from '@holdfast/contract';
import type { StreamFrame } from '@holdfast/contract';
import { streamFrameNames } from '@holdfast/protocol';
import { streamProtocolDocument } from '../../src/documents.ts';
import { compileCheck } from '../../src/validation/compile.ts';
import { startHarness } from '../harness.ts';
import { codeOf, StreamClient } from '../stream-client.ts';

async function open(t: TestContext): Promise<StreamClient> {
  const { built } = startHarness(t);
  const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
  const client = await StreamClient.open(url);
  t.after(() => client.hangUp());
  return client;
}

/** The fields of the declaration, each with a value of its type. */
function sampleOf({ request }: StreamFrame): Readonly<Record<string, unknown>> {
  const { properties } = jsonSchemaOf(request);
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type }]) => [name, type === 'string' ? 'x' : 1]),
  );
}

describe('a frame about the stream itself', () => {
  for (const declared of streamFrames) {
    const { name, answer, errors } = declared;

    test(`given ${name} as it is declared, then it is answered as it is declared`, async (t) => {
      const client = await open(t);
      const { failed, body } = await client.call(name, sampleOf(declared));
      assert.equal(failed, false, JSON.stringify(body));
      const check = compileCheck(jsonSchemaOf(answer));
      assert.ok(check.passes(body), JSON.stringify(body));
    });

    if (declared.isBodyUnread === true) continue;

    test(`given ${name} with a field that it has not, then an error that it declares`, async (t) => {
      const client = await open(t);
      const reply = await client.call(name, { ...sampleOf(declared), more: 1 });
      assert.equal(codeOf(reply), 'invalid_request');
      assert.ok(errors.includes('invalid_request'));
    });

    test(`given ${name} with a field of another type, then the same`, async (t) => {
      for (const field of Object.keys(sampleOf(declared))) {
        const client = await open(t);
        const reply = await client.call(name, { [field]: ['hf_secret'] });
        assert.equal(codeOf(reply), 'invalid_request');
      }
    });
  }

  test('given a ping with any body, or none, then it is answered: nothing of it is read (OWN-FRAME-1)', async (t) => {
    const client = await open(t);
    for (const body of [undefined, null, {}, { more: 1 }, 'x', [1]])
      assert.deepEqual(await client.call('ping', body), { failed: false, body: {} });
  });

  test('given a hello that is wrong, then no error shows what it was asked with (OWN-FRAME-2)', async (t) => {
    for (const body of ['hf_secret', { api_key: ['hf_secret'] }, { key: 'hf_secret' }]) {
      const client = await open(t);
      const reply = await client.call('hello', body);
      assert.equal(codeOf(reply), 'invalid_request');
      assert.doesNotMatch(JSON.stringify(reply.body), /secret/);
      assert.match(String(reply.body['detail']), /and nothing else/);
    }
  });
});

describe('what clients and people are told of a stream', () => {
  const only = operations.filter(
    (one) => one.kind === 'control' || (one.kind === 'stream' && one.begun !== undefined),
  );
  const names = [...streamFrames, ...only].map(({ name }) => name);

  test('is every frame that is declared', () => {
    assert.ok(names.includes('hello') && names.includes('watch') && names.includes('unwatch'));
    assert.deepEqual([...streamFrameNames].sort(), [...names].sort());
  });

  test('is in the document, and in the error of a name that is none', async (t) => {
    const client = await open(t);
    const text = streamProtocolDocument();
    const { body } = await client.call('steal', {});
    for (const name of names) {
      assert.ok(text.includes(`### ${name}\n`) || text.includes(`| \`${name}\` |`), name);
      assert.ok(String(body['detail']).includes(name), name);
    }
  });
});
