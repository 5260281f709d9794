import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../src/failure.ts';
import { jsonOrText } from '../../src/json-text.ts';

describe('a value that somebody types', () => {
  it('is JSON where it is some, else text', () => {
    assert.deepEqual(jsonOrText('{"a":[1,"b"]}'), { a: [1, 'b'] });
    assert.equal(jsonOrText('hello'), 'hello');
    assert.equal(jsonOrText('1 2'), '1 2');
    assert.equal(jsonOrText('"12345678901234567890"'), '12345678901234567890');
  });

  it('is refused where a number in it would be sent as another one', () => {
    for (const text of [
      '12345678901234567890',
      '1e400',
      '-1e400',
      '1e-400',
      '9007199254740993.0',
      '900719925474099.3e1',
      '{"id":[9007199254740993]}',
    ])
      assert.throws(() => jsonOrText(text), UsageError, text);
    assert.throws(() => jsonOrText('1e400'), /1e400 would be read as null.*"1e400"/);
  });

  it('has its numbers however they are written', () => {
    const written: readonly (readonly [string, number])[] = [
      ['0', 0],
      ['-0.0', -0],
      ['1.50', 1.5],
      ['0.1', 0.1],
      ['1e2', 100],
      ['1E+2', 100],
      ['100e-2', 1],
      ['12000000000000000000000', 1.2e22],
      ['9007199254740992', 2 ** 53],
      ['0.10000000000000001', 0.1],
      ['0.10000000000000000001', 0.1],
      ['3.14159265358979323846', Math.PI],
      ['5e-324', 5e-324],
      ['1.7976931348623157e308', Number.MAX_VALUE],
    ];
    for (const [text, number] of written) assert.equal(jsonOrText(text), number, text);
    assert.equal(jsonOrText('"a \\" 12345678901234567890"'), 'a " 12345678901234567890');
  });
});
