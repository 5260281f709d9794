/** The examples in docs/guards.md are the files that the tests of the guards run. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const examples = new URL('examples/', import.meta.url);
const document = readFileSync(new URL('../../../../docs/guards.md', import.meta.url), 'utf8');

describe('The document of the guards', () => {
  for (const name of readdirSync(examples))
    it(`shows the tested example ${name} as it is`, () => {
      const source = readFileSync(new URL(name, examples), 'utf8');
      assert.ok(
        document.includes(`\`\`\`ts\n${source}\`\`\`\n`),
        `docs/guards.md does not show packages/guards/test/unit/examples/${name} as it is: copy it there.`,
      );
    });

  it('shows no other code', () => {
    assert.equal(document.split('```ts\n').length - 1, readdirSync(examples).length);
  });
});
