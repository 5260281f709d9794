import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/failure.ts';
import { metadataOf, runMetadata, termsOf } from '../../../src/run/terms.ts';

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('the metadata of a command', () => {
  it('given a short command line, when it is told, then it is whole', () => {
    assert.deepEqual(runMetadata(['make', '-j', 'all'], 'h', 7), {
      host: 'h',
      pid: 7,
      command: 'make -j all',
    });
  });

  it('given a long one, when it is told, then it is cut to what the cluster keeps, between characters', () => {
    for (const text of [
      'x'.repeat(5000),
      '"'.repeat(1000),
      '\n'.repeat(600),
      'é'.repeat(700),
      '😀'.repeat(600),
      `a${'😀'.repeat(600)}`,
      '\ud800'.repeat(500),
    ]) {
      const metadata = runMetadata([text], 'h', 7);
      const bytes = bytesOf(metadata);
      assert.ok(bytes <= 1024 && bytes > 1000, `${text.slice(0, 2)}: ${String(bytes)}`);
      const { command } = metadata as { readonly command: string };
      assert.ok(command.isWellFormed() && command.endsWith('…'));
    }
  });

  it('given the option, when it is JSON, then it is that; else it is a text', () => {
    assert.deepEqual(metadataOf({ metadata: '{"a":[1]}' }, []), { a: [1] });
    assert.equal(metadataOf({ metadata: '{a}' }, []), '{a}');
    assert.equal(metadataOf({ metadata: '' }, []), '');
  });
});

describe('terms', () => {
  it('given none, when they are read, then nothing is asked for', () => {
    assert.deepEqual(termsOf({}), {});
    assert.deepEqual(termsOf({ priority: '9', maxHold: '1.5' }), { priority: 9, maxHoldMs: 1500 });
  });

  it('given what is none, when they are read, then the option is named', () => {
    for (const priority of ['', '-1', '10', '1.5', 'high'])
      assert.throws(() => termsOf({ priority }), UsageError, priority);
    for (const maxHold of ['', '0', '-1', 'long'])
      assert.throws(() => termsOf({ maxHold }), UsageError, maxHold);
  });
});
