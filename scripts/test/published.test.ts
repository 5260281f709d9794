/** What is published has what its readers expect, and what is read in one sitting stays so. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const published = globSync('packages/*/package.json', { cwd: root })
  .map((path) => JSON.parse(read(path)) as Manifest)
  .filter((manifest) => manifest.private !== true);
const shortName = (name: string): string => name.replace('@holdfast/', '');

describe('each package that is published', () => {
  it('has the license of the repository and a README that begins with its name', () => {
    for (const { name } of published) {
      const folder = `packages/${shortName(name)}`;
      assert.equal(read(`${folder}/LICENSE`), read('LICENSE'), name);
      assert.match(
        read(`${folder}/README.md`),
        new RegExp(`^# ${name}\\n\\n[A-Z][^]*\\.\\n`),
        name,
      );
    }
  });

  it('stands in the order of RELEASING.md behind all that it depends on', () => {
    const list = /dependencies upwards: ([^.]*)\./.exec(read('RELEASING.md'))?.[1] ?? '';
    const order = list.split(/,\s+/);
    assert.deepEqual(order.toSorted(), published.map(({ name }) => shortName(name)).toSorted());
    for (const { name, dependencies = {} } of published)
      for (const needed of Object.keys(dependencies).filter((one) => one.startsWith('@holdfast/')))
        assert.ok(
          order.indexOf(shortName(needed)) < order.indexOf(shortName(name)),
          `${name} is published before ${needed}, which it needs`,
        );
  });
});

describe('each file of sources', () => {
  it('has at most 400 lines: one idea is read in one sitting', () => {
    const long = globSync('packages/*/src/**/*.ts', { cwd: root })
      .filter((path) => !path.includes('/generated/'))
      .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    assert.deepEqual(long, []);
  });
});
