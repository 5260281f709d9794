/** Each package says how it is used alone, and what the example prints is what it prints. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const names = globSync('packages/*/package.json', { cwd: root }).map(
  (path) => path.split('/')[1] ?? '',
);

/** Their examples need a cluster, a browser or a database: tests of their own run those, or their compiler reads them. */
const ranElsewhere: ReadonlySet<string> = new Set([
  'client',
  'guards',
  'quorum-client',
  'redis-voters',
]);

const examplesIn = (readme: string, language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );

/** What stands behind each `console.log`, in the order in which it is printed. */
const printedBy = (example: string): string[] =>
  [...example.matchAll(/^.*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);

describe('The README of a package', () => {
  for (const name of names) {
    const folder = join(root, 'packages', name);
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    const examples = examplesIn(readme, 'ts');

    it(`of ${name} says what it is in more than a line, and shows how it is used alone`, () => {
      assert.match(readme, new RegExp(`^# @holdfast/${name}\\n\\n[A-Z][^#]{60,}\\n`));
      assert.ok(examples.length + examplesIn(readme, 'sh').length > 0, 'There is no example.');
    });

    if (ranElsewhere.has(name) || examples.length === 0) continue;
    it(`of ${name} has an example that prints what it says`, async () => {
      const scratch = mkdtempSync(join(folder, '.readme-'));
      try {
        for (const example of examples) {
          assert.ok(printedBy(example).length > 0, 'It prints nothing that could be compared.');
          const file = join(scratch, 'example.ts');
          writeFileSync(file, example);
          const { stdout } = await run(process.execPath, ['--conditions=source', file], {
            timeout: 60_000,
          });
          const printed = stdout.trim().split('\n');
          assert.deepEqual(printed.toSorted(), printedBy(example).toSorted());
        }
      } finally {
        rmSync(scratch, { recursive: true });
      }
    });
  }
});
