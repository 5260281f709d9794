/** The example in docs/redis-voters.md is the file that the tests run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

it('The document of the Redis voters shows the tested example as it is', () => {
  const document = new URL('../../../../../docs/redis-voters.md', import.meta.url);
  const example = readFileSync(new URL('examples/report.ts', import.meta.url), 'utf8');
  assert.ok(
    readFileSync(document, 'utf8').includes(`\`\`\`ts\n${example}\`\`\`\n`),
    'docs/redis-voters.md does not show examples/report.ts as it is: copy it there.',
  );
});
