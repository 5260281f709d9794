/** Where a session alone is taken, the refusal of a client id says so, whatever else is missing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '@holdfast/contract';
import { unaryOperations } from '../../src/pipeline/perform.ts';
import { compileCheck } from '../../src/validation/compile.ts';
import { sampleOf } from '../samples.ts';

const ofSessionsAlone = operations.filter(
  ({ kind, request: { fields } }) =>
    kind === 'unary' && 'session_id' in fields && !('client_id' in fields),
);

describe('given an operation that takes a session and no client id', () => {
  test('then those of barriers, of several resources and of latches are among them', () => {
    const names = ofSessionsAlone.map(({ name }) => name);
    for (const name of ['enter_barrier', 'leave_barrier', 'acquire_many', 'get_session'])
      assert.ok(names.includes(name), name);
  });

  for (const declared of ofSessionsAlone)
    for (const field of ['client_id', 'ttl_seconds'])
      for (const has of ['without', 'with'])
        test(`when ${declared.name} is called with ${field}, ${has} a session, then it says that it needs one`, () => {
          const schema = unaryOperations.get(declared.name)?.bodySchema;
          assert.ok(schema !== undefined);
          const check = compileCheck(schema);
          const { session_id, ...rest } = sampleOf(declared);
          const session = has === 'with' ? { session_id: session_id ?? 's' } : {};
          assert.ok(!check.passes({ ...rest, ...session, [field]: 'c' }));
          assert.match(
            check.requestError().message,
            new RegExp(`"${field}" cannot be used here: this needs a session\\. Create one with`),
          );
        });
});

describe('given a field that is not valid', () => {
  const refused: readonly (readonly [body: object, says: RegExp])[] = [
    [{ timeout: 'x' }, /must be of type number, not "x"\. Provide a number\./],
    [{ timeout: 0 }, /"timeout" must be at least 1, not 0\. Use a larger value\./],
    [{ timeout: 1e9 }, /must be at most 86400, not 1000000000\. Use a smaller value\./],
    [{ client_id: 3 }, /"client_id" must be of type string, not 3\. Provide a string\./],
    [{ client_id: '' }, /"client_id" must not be empty\. Provide at least one character\./],
  ];
  for (const [body, says] of refused)
    test(`when it is ${JSON.stringify(body)}, then it says what to provide`, () => {
      const schema = unaryOperations.get('create_session')?.bodySchema;
      assert.ok(schema !== undefined);
      const check = compileCheck(schema);
      assert.ok(!check.passes(body));
      assert.match(check.requestError().message, says);
    });
});
