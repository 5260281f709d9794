/** What answers look like for people, and what is read of stdin. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestMessageBytes } from '@holdfast/protocol';
import { UsageError } from '../../src/failure.ts';
import { printRecord } from '../../src/output.ts';
import { textOfStdin } from '../../src/stdin.ts';

describe('a record for people', () => {
  it('has all of its fields, lists and records among them', () => {
    let written = '';
    const output = { json: false, write: (text: string) => (written += text) };
    printRecord(output, {
      enabled: true,
      roles: ['admin', 'worker'],
      none: [],
      head: null,
      rule: { verb: 'read', prefix: 'a\u001b' },
      chains: [
        { chain: 'changes', size: 2 },
        { chain: 'node', size: 0 },
      ],
    });
    assert.deepEqual(written.split('\n'), [
      'enabled  true',
      'roles    admin, worker',
      'none     -',
      'head     -',
      'rule     verb read, prefix a\ufffd',
      'chains   chain changes, size 2',
      '         chain node, size 0',
      '',
    ]);
  });
});

describe('stdin', () => {
  /** Gives so many bytes, a chunk at a time. */
  const giving = (bytes: number): ((into: Uint8Array) => number) => {
    let left = bytes;
    return (into) => {
      const count = Math.min(left, into.byteLength);
      into.fill(0x61, 0, count);
      left -= count;
      return count;
    };
  };

  it('is read to its end', () => {
    assert.equal(textOfStdin(giving(0)), '');
    assert.equal(textOfStdin(giving(70_000)), 'a'.repeat(70_000));
  });

  it('is not read further than a request may be long', () => {
    let asked = 0;
    const read = giving(Number.POSITIVE_INFINITY);
    assert.throws(
      () =>
        textOfStdin((into) => {
          asked += into.byteLength;
          return read(into);
        }),
      UsageError,
    );
    assert.ok(asked <= longestMessageBytes + 64 * 1024, String(asked));
  });
});
