import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundleFaults, faultsOf, importsOf } from '../check-tarballs.ts';

const files = ['LICENSE', 'README.md', 'package.json', 'src/a.ts', 'dist/a.js'];
const published = new Set(['@holdfast/a', '@holdfast/b']);
const faults = (
  more: readonly string[] = [],
  readme = '',
  dependencies: Readonly<Record<string, string>> = {},
): string[] => faultsOf({ name: 'a', dependencies }, [...files, ...more], readme, published);

describe('The check of tarballs', () => {
  it('lets what is complete pass', () => {
    const readme = 'See [the license](LICENSE), [a page](https://a.example/x#y), [below](#below).';
    assert.deepEqual(faults([], readme, { '@holdfast/b': '1', ws: '8' }), []);
  });

  it('misses a license and a README (PACK-1)', () => {
    assert.deepEqual(faultsOf({ name: 'a' }, ['package.json'], '', published), [
      'a: LICENSE is missing in the tarball',
      'a: README.md is missing in the tarball',
    ]);
  });

  it('finds the state of a build, tests, and code without a source (PACK-1)', () => {
    assert.match(faults(['dist/.tsbuildinfo']).join(), /tsbuildinfo does not belong/);
    assert.match(faults(['test/a.test.ts']).join(), /a\.test\.ts does not belong/);
    assert.match(faults(['dist/b.js']).join(), /source of dist\/b\.js is gone/);
  });

  it('asks for no source beside a file of the bundle, which has many (PACK-1)', () => {
    assert.deepEqual(faults(['dist/bundle/parts/b.js']), []);
  });

  it('finds a bundle that is not of these sources (PACK-5)', () => {
    const texts = (...entries: readonly (readonly [string, string])[]): Map<string, string> =>
      new Map(entries);
    const made = texts(['a.js', '1'], ['b.js', '2']);
    assert.deepEqual(bundleFaults(made, texts(['b.js', '2'], ['a.js', '1'])), []);
    assert.match(bundleFaults(made, texts(['a.js', '1'], ['b.js', '3'])).join(), /build again/);
    assert.match(bundleFaults(made, texts(['a.js', '1'])).join(), /build again/);
    assert.match(bundleFaults(texts(), made).join(), /build again/);
  });

  it('finds a link that leads out of the package (PACK-1)', () => {
    assert.match(faults([], 'See [errors](../../docs/errors.md#a).').join(), /docs\/errors\.md/);
  });

  it('finds what is needed and not published (PACK-2)', () => {
    assert.match(faults([], '', { '@holdfast/c': '1' }).join(), /@holdfast\/c/);
  });

  it('finds what else the client depends on (PACK-4)', () => {
    const name = '@holdfast/client';
    const of = (more: object): string[] => faultsOf({ name, ...more }, files, '', published);
    assert.deepEqual(of({ dependencies: { ws: '8' } }), []);
    assert.match(
      of({ dependencies: { '@opentelemetry/api': '1' } }).join(),
      /nothing but a socket/,
    );
    assert.match(of({ peerDependencies: { '@opentelemetry/api': '1' } }).join(), /opentelemetry/);
  });

  it('imports every entry of a package (PACK-3)', () => {
    assert.deepEqual(importsOf({ name: 'a', exports: { '.': {}, './b': {} } }), [
      "export type * as _ from 'a';",
      "export type * as __b from 'a/b';",
    ]);
  });
});
