import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { requestSchemas } from '../../src/http/request-schemas.ts';
import { routes } from '../../src/http/routes.ts';
import { unaryOperations } from '../../src/pipeline/perform.ts';
import { compileCheck } from '../../src/validation/compile.ts';

// They are compiled when they are used first: one that does not compile must not be found by a user.
describe('The schemas of all operations', () => {
  // A node does not check them, as that takes time at its first request.
  it('are JSON Schema', () => {
    const ajv = new Ajv2020({ formats: { text: true } });
    const assertValid = (schema: object, name: string): void => {
      assert.ok(ajv.validateSchema(schema) === true, `${name}: ${ajv.errorsText()}`);
    };
    for (const { name, bodySchema } of unaryOperations.values()) assertValid(bodySchema, name);
    for (const route of routes) {
      if (route.kind !== 'operation' && route.kind !== 'events') continue;
      for (const schema of Object.values(requestSchemas(route)))
        if (schema !== undefined) assertValid(schema, route.path);
    }
    assert.equal(ajv.validateSchema({ type: 'strin' }), false);
  });

  it('compile, for the stream and gRPC', () => {
    assert.ok(unaryOperations.size > 50);
    for (const { name, bodySchema } of unaryOperations.values())
      assert.equal(compileCheck(bodySchema).passes('no object'), false, name);
  });

  it('compile, for each place of an HTTP request', () => {
    let count = 0;
    for (const route of routes) {
      if (route.kind !== 'operation' && route.kind !== 'events') continue;
      for (const schema of Object.values(requestSchemas(route))) {
        if (schema === undefined) continue;
        assert.equal(compileCheck(schema).passes('no object'), false, route.path);
        count += 1;
      }
    }
    assert.ok(count > 100);
  });
});
