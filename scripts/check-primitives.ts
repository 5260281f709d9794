/**
 * A primitive is known to few files: what the others need to know of it follows from its declarations (CONTRIBUTING, "How
 * to add a primitive"). Counted by the latch, the simplest of them; generated files are left out. Prints the files and
 * ends with status 1 where there are more than `mostFiles`.
 */
import { globSync, readFileSync } from 'node:fs';

export const mostFiles = 15;
const generated = 'packages/protocol/src/generated/';

export const filesNaming = (word: RegExp): readonly string[] =>
  globSync('packages/**/src/**', { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => !path.startsWith(generated) && word.test(readFileSync(path, 'utf8')))
    .sort();

if (import.meta.main) {
  const files = filesNaming(/latch/i);
  if (files.length > mostFiles) {
    console.error(`${String(files.length)} files name the latch, ${String(mostFiles)} may:`);
    for (const file of files) console.error(`  ${file}`);
    process.exitCode = 1;
  }
}
