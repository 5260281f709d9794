/** What the image is built from: .dockerignore keeps all outside that it does not name, so it has to name what the build runs. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const exists = (path: string): boolean => existsSync(fileURLToPath(new URL(path, root)));

const letIn = textOf('.dockerignore')
  .split('\n')
  .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
const isLetIn = (path: string): boolean =>
  letIn.some((one) => path === one || path.startsWith(`${one}/`));

/** Files that a script of package.json runs, and those of `npm run` in it. */
function filesOfScript(name: string): readonly string[] {
  const { scripts } = JSON.parse(textOf('package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const words = (scripts[name] ?? assert.fail(name)).split(/\s+/);
  return words.filter((word) => word.includes('/') && exists(word));
}

describe('What the image is built from', () => {
  test('has the files that its build runs, and what those import', () => {
    const run = [...textOf('Dockerfile').matchAll(/npm run (\w+)/g)].map(([, name = '']) => name);
    assert.deepEqual(run, ['build']);
    const files = run.flatMap(filesOfScript);
    assert.deepEqual(files, ['scripts/bundle-commands.ts']);
    for (const file of files) {
      assert.ok(isLetIn(file), file);
      for (const [, path = ''] of textOf(file).matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
        const imported = join(dirname(file), path);
        assert.ok(isLetIn(imported), `${file} imports ${imported}`);
      }
    }
  });

  test('has what the image copies out of the checkout', () => {
    const copied = [...textOf('Dockerfile').matchAll(/^COPY (?!--from)(.+)$/gm)]
      .flatMap(([, words = '']) => words.trim().split(/\s+/).slice(0, -1))
      .filter((path) => path !== '.');
    assert.ok(copied.length > 3);
    for (const path of copied) {
      assert.ok(exists(path), path);
      assert.ok(isLetIn(path), path);
    }
  });
});
