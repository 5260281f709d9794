import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { mayImport } from '../check-packages.ts';

describe('ARCHITECTURE.md', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');

  it('says where to look first, and what it names is there', () => {
    const [, section = ''] = /## Where to look first\n(.*?)\n## /s.exec(text) ?? [];
    const places = [...section.matchAll(/`(\w+)`[^|;]*? in `(packages\/[^`]+)`/g)];
    assert.ok(places.length >= 8, 'a lock, a token, a request, a code');
    for (const [, name = '', path = ''] of places)
      assert.match(readFileSync(path, 'utf8'), new RegExp(`\\b${name}\\b`), `${name} in ${path}`);
    for (const [, path = ''] of section.matchAll(/`(packages\/[^`]+)`/g))
      assert.ok(existsSync(path), path);
  });

  it('tells of each package', () => {
    const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly workspaces: readonly string[];
    };
    assert.deepEqual(workspaces, ['packages/*']);
    const { references } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as {
      readonly references: readonly { readonly path: string }[];
    };
    for (const { path } of references)
      assert.match(text, new RegExp(`^\\| \`${path.replace('packages/', '')}\` `, 'm'), path);
  });

  it('says of each package what it may import, as the check allows', () => {
    const rows = text.matchAll(/^\| `([a-z-]+)` +\|.*\|([^|]*)\|$/gm);
    const told = new Map([...rows].map(([, name = '', imports = '']) => [name, namesIn(imports)]));
    for (const [name, allowed] of Object.entries(mayImport)) {
      const others = allowed.filter((other) => other !== name);
      assert.deepEqual(told.get(name), others.toSorted(), name);
    }
  });
});

/** Without what is said about them. */
const namesIn = (imports: string): readonly string[] =>
  imports
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^[a-z]/.test(name))
    .toSorted();
