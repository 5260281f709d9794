/** What is declared fits together: names, numbers, errors, and what is derived from them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  errors,
  groups,
  operations,
  protoFiles,
  streamFrames,
  streamPushes,
  typeScriptFiles,
} from '../../src/index.ts';
import type { Message, Operation, Schema } from '../../src/index.ts';

const duplicates = (values: readonly (string | number)[]): readonly (string | number)[] =>
  values.filter((value, index) => values.indexOf(value) !== index);

function messagesOf(operation: Operation): readonly Message[] {
  if (operation.kind === 'document') return [operation.request];
  return [
    operation.request,
    operation.kind === 'stream' ? operation.tells : operation.answer,
  ].flatMap(withNested);
}

function withNested(message: Message): readonly Message[] {
  return [message, ...Object.values(message.fields).flatMap(([, schema]) => nestedIn(schema))];
}

function nestedIn({ shape }: Schema): readonly Message[] {
  if (shape.kind === 'message') return withNested(shape.message);
  return shape.kind === 'list' || shape.kind === 'nullable' ? nestedIn(shape.of) : [];
}

const framed = [
  ...streamFrames.flatMap(({ request, answer }) => [request, answer]),
  ...streamPushes.flatMap(({ body }) => withNested(body)),
];
const all = [...new Set([...operations.flatMap(messagesOf), ...framed])];
const fileOf = (name: string): string =>
  protoFiles(groups).find(({ path }) => path.endsWith(`/${name}.proto`))?.text ?? '';

describe('the contract', () => {
  test('given all operations, then no name and no path stands twice', () => {
    assert.deepEqual(duplicates(operations.map(({ name }) => name)), []);
    const paths = operations.flatMap(({ http }) =>
      http.map(({ method, path }) => `${method} ${path}`),
    );
    assert.deepEqual(duplicates(paths), []);
  });

  test('given all operations with an answer, then each has a method of gRPC; what goes on telling has one, too', () => {
    const without = operations.filter(
      (one) => (one.kind === 'unary' || one.kind === 'stream') && one.grpc === undefined,
    );
    assert.deepEqual(
      without.map(({ name }) => name),
      [],
    );
  });

  test('given a DELETE, then what it has to be told stands in a path of it, or in the query', () => {
    for (const { name, http, request } of operations)
      for (const { path } of http.filter(({ method }) => method === 'DELETE')) {
        const needed = Object.entries(request.fields).filter(
          ([, [, { optional }]]) => optional !== true,
        );
        const others = needed.filter(([field]) => !path.includes(`{${field}}`));
        for (const [field, [, { shape }]] of others)
          assert.ok(
            ['string', 'integer', 'number', 'words'].includes(shape.kind),
            `${name} ${path}: ${field}`,
          );
      }
  });

  test('given what creates a session, then its answer alone names one; given what ends one, then its request has to', () => {
    const creating = operations.filter(({ sessionEffect }) => sessionEffect === 'creates');
    const ending = operations.filter(({ sessionEffect }) => sessionEffect === 'ends');
    assert.ok(creating.length > 0 && ending.length > 0);
    for (const one of creating) {
      assert.ok(one.kind === 'unary' && one.answer.fields['session_id'] !== undefined, one.name);
      assert.equal(one.request.fields['session_id'], undefined, one.name);
    }
    for (const { name, request } of ending)
      assert.ok(request.fields['session_id']?.[1].optional !== true, name);
  });

  test('given all errors, then each code stands once', () => {
    const codes = groups.flatMap((group) => Object.keys(group.errors));
    assert.deepEqual(duplicates(codes), []);
    assert.ok(Object.keys(errors).length > codes.length);
  });

  for (const operation of operations) {
    test(`given ${operation.name}, then its errors are declared, and the fields of its paths are there`, () => {
      assert.deepEqual(
        operation.errors.filter((code) => errors[code] === undefined),
        [],
      );
      for (const { path } of operation.http)
        for (const [, field = ''] of path.matchAll(/\{([a-z_]+)\}/g))
          assert.ok(field in operation.request.fields, `${path}: ${field}`);
      if (operation.kind !== 'unary') return;
      const { request_id } = operation.request.fields;
      if (operation.repeat === 'numbered') assert.ok(request_id !== undefined);
      assert.equal(operation.waits === true, 'wait_seconds' in operation.request.fields);
      // A wait for others to leave is over when its caller goes: nobody hears of it.
      if (operation.waits === true && operation.name !== 'leave_barrier')
        assert.ok(operation.errors.includes('wait_cancelled'));
    });
  }

  for (const { name, errors: codes, description } of streamFrames)
    test(`given the frame ${name} of the stream, then it is no operation, its errors are declared, and it says what it is`, () => {
      assert.ok(!operations.some((operation) => operation.name === name));
      assert.deepEqual(
        codes.filter((code) => errors[code] === undefined),
        [],
      );
      assert.match(description, /^\S.*\.$/s);
    });

  for (const message of all) {
    const name = message.typeName ?? message.protoName ?? '';
    test(`given the message ${name}, then each field has a number of its own and says what it is`, () => {
      const fields = Object.entries(message.fields);
      assert.deepEqual(duplicates(fields.map(([, [number]]) => number)), []);
      for (const [field, [number, { description = '' }]] of fields) {
        assert.ok(number > 0, field);
        assert.match(description, /^\S.*\.$/s, field);
      }
      assert.match(message.description, /^\S.*\.$/s);
    });
  }
});

describe('what is derived', () => {
  test('given a field that may be absent or null, then it is optional on gRPC; a list is repeated', () => {
    const locks = fileOf('locks');
    assert.match(locks, /optional uint64 current_fence_token = 4;/);
    assert.match(locks, /repeated Holder holders = 4;/);
    assert.match(locks, /  google\.protobuf\.Value metadata = 7;/);
  });

  test('given a message of another group, then its file is imported and it is not declared twice', () => {
    const semaphores = fileOf('semaphores');
    assert.match(semaphores, /import "holdfast\/v1\/locks\.proto";/);
    assert.doesNotMatch(semaphores, /message RenewRequest/);
  });

  test('given an enum that several services share, then it stands in types.proto alone', () => {
    assert.match(fileOf('types'), /enum LockMode \{/);
    assert.doesNotMatch(fileOf('locks'), /enum LockMode/);
    assert.match(fileOf('sessions'), /  enum WaitKind \{/);
  });

  test('given the files in proto/, then they say what is declared, and there are no others', () => {
    const folder = new URL('../../../../proto/', import.meta.url);
    const files = protoFiles(groups);
    for (const { path, text } of files)
      assert.equal(readFileSync(new URL(path, folder), 'utf8'), text, path);
    assert.deepEqual(
      readdirSync(new URL('holdfast/v1/', folder)).sort(),
      files.map(({ path }) => path.replace('holdfast/v1/', '')).sort(),
    );
  });

  test('given the types, then they import nothing but each other', () => {
    for (const { path, text } of typeScriptFiles(groups, errors, streamFrames, streamPushes)) {
      for (const [, from = ''] of text.matchAll(/from '([^']+)'/g))
        assert.match(from, /^\.\.?\//, path);
    }
  });
});
