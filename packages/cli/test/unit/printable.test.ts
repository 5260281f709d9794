import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { note, printRecord, printTable } from '../../src/output.ts';
import { cutTo, fit, printable, widthOf } from '../../src/printable.ts';

describe('text for a terminal', () => {
  it('given control characters in a name, when it is shown, then none is left', () => {
    assert.equal(
      printable('a\u001b[2Jb\r\nc\u009bd\u202ee'),
      'a\ufffd[2Jb\ufffd\ufffdc\ufffdd\ufffde',
    );
    let written = '';
    const output = { json: false, write: (text: string) => (written += text) };
    printTable(output, {}, ['NAME'], [['x\u001b[31m']]);
    printRecord(output, { name: 'x\u001b[31m' });
    assert.ok(!written.includes('\u001b'));
  });

  it('given something beside the answer, then people are told on stderr, printable, and programs are not', (t) => {
    const told: string[] = [];
    t.mock.method(process.stderr, 'write', (text: string) => told.push(text) > 0);
    note({ json: false, write: () => undefined }, 'a\u001b');
    note({ json: true, write: () => undefined }, 'b');
    assert.deepEqual(told, ['holdfast: a\ufffd\n']);
  });

  it('given wide and combining characters, when a text is fitted, then it takes just that many columns', () => {
    assert.equal(widthOf('日本'), 4);
    assert.equal(widthOf('e\u0301'), 1);
    assert.equal(fit('日本', 6), '日本  ');
    assert.equal(fit('7', 3, 'right'), '  7');
    for (const columns of [0, 1, 2, 3, 4, 5, 6, 7])
      assert.equal(widthOf(fit('a日本語', columns)), columns, String(columns));
    assert.equal(cutTo('short', 5), 'short');
    assert.equal(cutTo('longer', 5), 'long…');
  });

  it('given what a reader takes for one character, then it has its columns and is not cut in two', () => {
    const columns = {
      '🇩🇪': 2,
      '👨‍👩‍👧': 2,
      '1️⃣': 2,
      '☎️': 2,
      '👍🏽': 2,
      한국: 4,
      ﾃﾞ: 2,
      กำ: 1,
      '\u200b': 0,
    };
    for (const [text, width] of Object.entries(columns)) assert.equal(widthOf(text), width, text);
    assert.equal(cutTo('🇩🇪🇩🇪🇩🇪', 4), '🇩🇪…');
    assert.equal(fit('👨‍👩‍👧👨‍👩‍👧', 3), '👨‍👩‍👧…');
  });
});
