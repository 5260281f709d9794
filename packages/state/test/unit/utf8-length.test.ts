import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Length } from '../../src/kernel/utf8-length.ts';

/** By the definition: a unit of a pair counts two, and so does one that has lost its other half. */
function byUnits(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

describe('The bytes of a text in UTF-8', () => {
  it('are the same for texts of any length, with whatever is in them (UTF8-1)', () => {
    const units = fc.constantFrom('a', '"', 'ö', '€', '\u{1f512}', '\ud83d', '\udd12', '\0');
    fc.assert(
      fc.property(fc.nat({ max: 70_000 }), fc.array(units), fc.boolean(), (ascii, odd, first) => {
        const plain = 'x'.repeat(ascii);
        const text = first ? odd.join('') + plain : plain + odd.join('');
        assert.equal(utf8Length(text), byUnits(text));
      }),
    );
  });

  it('are those of its encoding, where no half of a pair stands alone (UTF8-1)', () => {
    for (const text of ['', 'key', 'ö'.repeat(100), `${'x'.repeat(65_535)}€`, 'x'.repeat(65_537)])
      assert.equal(utf8Length(text), Buffer.byteLength(text));
  });
});
