/** A request is taken as it was sent or refused, on every interface: nothing of it is changed or left out silently. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { assertEnds } from '../../../checker/src/waits.ts';
import { assertProblem, startHarness } from '../harness.ts';
import type { Answer } from '../harness.ts';
import { StreamClient, codeOf as codeOfReply } from '../stream-client.ts';
import protobuf from 'protobufjs';
import { loadDefinitions } from '../../src/grpc/definitions.ts';
import { readMessage, writeMessage } from '../../src/grpc/codec.ts';
import { wireProblem } from '../../src/grpc/wire-check.ts';
import { statusError } from '../../src/grpc/error-status.ts';
import { RequestError } from '../../src/request-error.ts';
import { decodedDetails } from './grpc/error-details.ts';
import { codeOf, refusal, startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';

const definitions = loadDefinitions();

/** A message as it stands, by its path. */
function sendBytes(
  { server }: GrpcHarness,
  rpc: string,
  bytes: Buffer,
  metadata: Metadata = new Metadata(),
): Promise<Buffer> {
  const client = new Client(server.address, credentials.createInsecure());
  const asIs = (part: Buffer): Buffer => part;
  const { path } = definitions.rpc(rpc);
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, bytes, metadata, (error, answer) => {
      if (error === null) resolve(answer ?? Buffer.alloc(0));
      else reject(error);
    });
  }).finally(() => client.close());
}

const fieldBytes = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
/** As proto/ numbers it. */
const numberOf = (rpc: string, field: string): number =>
  definitions.rpc(rpc).request.fields[field]?.id ?? assert.fail(field);

describe('bytes that are not UTF-8', () => {
  // Both would be read as U+FFFD.
  for (const byte of [0xff, 0xfe]) {
    const bad = Buffer.from([byte]);
    const json = (before: string, after: string): Buffer =>
      Buffer.concat([Buffer.from(before), bad, Buffer.from(after)]);

    test(`are refused over HTTP (${byte.toString(16)})`, async (t) => {
      const { built, engine } = startHarness(t);
      const answer = await built.app.inject({
        method: 'POST',
        url: '/locks/a/acquire',
        headers: { host: 'localhost', 'content-type': 'application/json' },
        payload: json('{"client_id":"', '"}'),
      });
      assert.deepEqual(
        [answer.statusCode, answer.json<Answer['body']>()['code']],
        [400, 'invalid_json'],
      );
      assert.deepEqual(engine.submitted, []);
    });

    test(`end a stream, as text and in binary (STREAM-FRAME-2, ${byte.toString(16)})`, async (t) => {
      const { built, engine } = startHarness(t);
      const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
      const frame = json('[[1,"acquire",{"name":"', '","client_id":"c"}]]');
      const binary = await StreamClient.open(url);
      binary.sendText(frame);
      assert.equal((await assertEnds(binary.closed)).code, 1007);
      const text = await StreamClient.open(url);
      text.sendAsText(frame);
      assert.equal((await assertEnds(text.closed)).code, 1007);
      assert.deepEqual(engine.submitted, []);
    });

    test(`are refused over gRPC, wherever they stand (GRPC-11, ${byte.toString(16)})`, async (t) => {
      const harness = await startGrpcHarness(t);
      const name = fieldBytes(numberOf('Campaign', 'name'), Buffer.from('e'));
      const clientId = numberOf('Campaign', 'client_id');
      const value = numberOf('Campaign', 'value');
      // google.protobuf.Value: 3 a text, 5 a Struct, whose 1 is a map of 1 a key, 2 a Value, 6 a list of 1 Values.
      const text = fieldBytes(3, bad);
      const requests = [
        fieldBytes(clientId, bad),
        fieldBytes(value, text),
        fieldBytes(value, fieldBytes(6, fieldBytes(1, text))),
        fieldBytes(value, fieldBytes(5, fieldBytes(1, fieldBytes(1, bad)))),
        fieldBytes(value, fieldBytes(5, fieldBytes(1, fieldBytes(2, text)))),
      ];
      for (const request of requests) {
        const error = await refusal(sendBytes(harness, 'Campaign', Buffer.concat([name, request])));
        assert.equal(codeOf(error), 'invalid_request');
        assert.match(error.details, /is not UTF-8/);
      }
      assert.deepEqual([harness.engine.submitted, harness.logged], [[], []]);
    });
  }

  test('are other bytes than those of U+FFFD itself, which is a character', async (t) => {
    const harness = await startGrpcHarness(t);
    const { session_id } = await harness.call('Sessions.CreateSession', { client_id: '\uFFFD' });
    assert.equal(typeof session_id, 'string');
  });
});

describe('a field of gRPC that its message does not have', () => {
  test('is refused, and nothing is done (GRPC-11)', async (t) => {
    const harness = await startGrpcHarness(t);
    const name = fieldBytes(numberOf('Campaign', 'name'), Buffer.from('e'));
    const client = fieldBytes(numberOf('Campaign', 'client_id'), Buffer.from('c'));
    // Number 500, as a varint and as bytes.
    for (const unknown of [Buffer.from([0xa0, 0x1f, 1]), Buffer.from([0xa2, 0x1f, 1, 65])]) {
      const error = await refusal(
        sendBytes(harness, 'Campaign', Buffer.concat([name, client, unknown])),
      );
      assert.equal(codeOf(error), 'invalid_request');
      assert.match(error.details, /number 500/);
    }
    assert.deepEqual(harness.engine.submitted, []);
    await sendBytes(harness, 'Campaign', Buffer.concat([name, client]));
    assert.equal(harness.engine.submitted.length, 1);
  });

  test('is refused within a message, too', () => {
    const { request } = definitions.rpc('Campaign');
    const inValue = fieldBytes(numberOf('Campaign', 'value'), fieldBytes(9, Buffer.from('x')));
    assert.throws(() => readMessage(request, inValue), /number 9, which is not known here/);
  });
});

describe('a field of gRPC with another wire type than its own', () => {
  const varintBytes = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);
  const fixedBytes = (number: number): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 1]), Buffer.alloc(8)]);

  test('is refused, wherever it stands (GRPC-11)', () => {
    const { request } = definitions.rpc('Campaign');
    const value = numberOf('Campaign', 'value');
    // As above: 2 a number, 4 a bool, 5 a Struct, 6 a list.
    const inValue = (bytes: Buffer): Buffer => fieldBytes(value, bytes);
    const inEntry = (bytes: Buffer): Buffer => inValue(fieldBytes(5, fieldBytes(1, bytes)));
    const key = fieldBytes(1, Buffer.from('k'));
    const wrong: readonly (readonly [string, Buffer])[] = [
      // The number is read as the length of what follows: the name is "c".
      ['name', Buffer.from([numberOf('Campaign', 'name') << 3, 1, 99])],
      ['value', Buffer.from([value << 3, 2, 32, 1])],
      ['boolValue', inValue(fieldBytes(4, Buffer.alloc(0)))],
      ['numberValue', inValue(fieldBytes(2, Buffer.alloc(7)))],
      ['fields', inValue(fieldBytes(5, Buffer.from([1 << 3, 0])))],
      ['fields', inEntry(Buffer.from([1 << 3, 1, 107]))],
      ['fields', inEntry(Buffer.concat([key, Buffer.from([2 << 3, 2, 32, 1])]))],
    ];
    for (const [name, bytes] of wrong) {
      assert.throws(
        () => readMessage(request, bytes),
        (error) => error instanceof Error && /wire type|cannot be decoded/.test(error.message),
        name,
      );
      assert.match(wireProblem(request, bytes) ?? '', new RegExp(`"${name}" has the wire type`));
    }
    assert.match(wireProblem(request, inEntry(varintBytes(3, 1))) ?? '', /number 3/);
    const right = Buffer.concat([
      inValue(varintBytes(4, 1)),
      inValue(fixedBytes(2)),
      inEntry(Buffer.concat([key, fieldBytes(2, varintBytes(4, 1))])),
    ]);
    assert.equal(wireProblem(request, right), undefined);
  });

  test('is none where it is a list of numbers, in one piece or one by one', () => {
    const { root } = protobuf.parse(
      'syntax = "proto3"; message Lists { repeated int32 numbers = 1; repeated string texts = 2; }',
    );
    const lists = root.resolveAll().lookupType('Lists');
    const one = varintBytes(1, 7);
    assert.equal(wireProblem(lists, Buffer.concat([one, one])), undefined);
    assert.equal(wireProblem(lists, fieldBytes(1, Buffer.from([7, 7]))), undefined);
    assert.match(wireProblem(lists, fixedBytes(1)) ?? '', /"numbers" has the wire type 1/);
    assert.match(wireProblem(lists, varintBytes(2, 0)) ?? '', /"texts" has the wire type 0/);
  });
});

describe('the request id below which all responses have arrived', () => {
  const right = ['0', '12', '9007199254740991'];
  const wrong = ['9007199254740992', '99999999999999999', '-1', '1.5', 'x', ''];

  test('is read alike on every interface', async (t) => {
    const harness = await startGrpcHarness(t);
    const { engine } = harness;
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    const post = (told: string): Promise<Answer> =>
      harness.request('POST', `/operations/create_session?answered_below=${told}`, {});
    const call = (told: string): Promise<unknown> =>
      harness.call('Sessions.CreateSession', {}, { metadata: { 'holdfast-answered-below': told } });
    for (const told of right) {
      assert.equal((await post(told)).status, 200, told);
      assert.equal(engine.submitted.at(-1)?.options.ackedBelow, Number(told));
      await call(told);
      assert.equal(engine.submitted.at(-1)?.options.ackedBelow, Number(told));
      assert.equal((await stream.call('create_session', {}, Number(told))).failed, false);
      assert.equal(engine.submitted.at(-1)?.options.ackedBelow, Number(told));
    }
    const before = engine.submitted.length;
    for (const told of wrong) {
      const answer = await post(told);
      assertProblem(answer, 400, 'invalid_request');
      assert.equal(answer.body['field'], 'answered_below');
      if (told !== '') assert.equal(codeOf(await refusal(call(told))), 'invalid_request', told);
    }
    for (const told of [2 ** 53, -1, 1.5])
      assert.equal(codeOfReply(await stream.call('create_session', {}, told)), 'invalid_request');
    assert.equal(engine.submitted.length, before);
  });

  test('is all that the relay takes in its query', async (t) => {
    const { request, engine } = startHarness(t);
    const answer = await request('POST', '/operations/create_session?client_id=c', {});
    assertProblem(answer, 400, 'invalid_request');
    assert.equal(answer.body['field'], 'client_id');
    assert.deepEqual(engine.submitted, []);
  });
});

test('an operation that is not there has one code wherever it is asked for', async (t) => {
  const { request, built } = startHarness(t);
  assertProblem(await request('POST', '/operations/steal', {}), 404, 'route_not_found');
  const stream = await StreamClient.open(await built.app.listen({ host: '127.0.0.1', port: 0 }));
  t.after(() => stream.hangUp());
  assert.equal(codeOfReply(await stream.call('steal', {})), 'route_not_found');
});

describe('a query', () => {
  test('takes every number that a body takes', async (t) => {
    const { session, acquire, request } = startHarness(t);
    const id = await session();
    await acquire(id, 'a');
    for (const number of ['1752000000000000', '9007199254740991']) {
      const released = await request('DELETE', `/sessions/${id}/locks/a?request_id=${number}`);
      assert.notEqual(released.body['code'], 'invalid_request', number);
    }
    const tooLarge = await request('DELETE', `/sessions/${id}/locks/a?request_id=9007199254740993`);
    assertProblem(tooLarge, 400, 'invalid_request');
    assert.equal(tooLarge.body['field'], 'request_id');
  });

  test('of a DELETE tells no field that its body tells as well', async (t) => {
    const { session, acquire, request, engine } = startHarness(t);
    const id = await session();
    const token = await acquire(id, 'a');
    const before = engine.submitted.length;
    const url = `/sessions/${id}/locks/a?fence_token=${String(token)}`;
    const twice = await request('DELETE', url, { fence_token: token + 1 });
    assertProblem(twice, 400, 'invalid_request');
    assert.equal(twice.body['field'], 'fence_token');
    assert.equal(engine.submitted.length, before);
    assert.equal((await request('DELETE', url, { request_id: 7 })).body['released'], true);
  });
});

describe('what gRPC tells', () => {
  test('is null where a field that is any JSON is null', () => {
    const { request } = definitions.rpc('Campaign');
    const plain = { name: 'e', client_id: 'c', value: null };
    assert.partialDeepStrictEqual(readMessage(request, writeMessage(request, plain)), plain);
  });

  test('is the unset value of an enum where a word is not known to these files', () => {
    const { request } = definitions.rpc('LockStatus');
    const bytes = writeMessage(request, { name: 'x', consistency: 'of a later release' });
    assert.equal('consistency' in readMessage(request, bytes), false);
  });

  test('of the details of a refusal is all that has room, whatever is too long among them (GRPC-1)', () => {
    const long = 'x'.repeat(4000);
    const error = statusError(new RequestError('lock_held', 'No.', { long, limit: 7, field: 'f' }));
    const { metadata } = decodedDetails(error).info;
    assert.deepEqual(metadata, { limit: '7', field: 'f' });
  });
});
