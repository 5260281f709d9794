import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultsOf, namesIn, shared } from '../check-names.ts';

const modules = (
  ...all: readonly (readonly [path: string, source: string])[]
): ReturnType<typeof namesIn> => namesIn(new Map(all));
const none: ReadonlyMap<string, number> = new Map();

describe('The check of the names of types', () => {
  it('refuses a name that several modules export, of one package or of two (TYPE-NAME-1)', () => {
    const names = modules(
      ['a/one.ts', 'export interface Row {}\nexport type Page = Row[];\n'],
      ['a/two.ts', 'export class Row {}\n'],
      ['b/one.ts', 'export abstract class Page {}\n'],
    );
    const faults = faultsOf(names, none);
    assert.equal(faults.length, 2);
    assert.match(faults[0] ?? '', /^Row is a type of several modules: a\/one\.ts, a\/two\.ts\./);
    assert.match(faults[1] ?? '', /^Page is a type of several modules: a\/one\.ts, b\/one\.ts\./);
  });

  it('lets names pass that a module has for itself, passes on, or has for a type and its value', () => {
    const names = modules(
      ['a.ts', "interface Row {}\nexport type { Page } from './b.ts';\n"],
      ['b.ts', 'export interface Row {}\nexport interface Page {}\nexport type Row = Page;\n'],
    );
    assert.deepEqual(faultsOf(names, none), []);
  });

  it('lets two modules share a known name, and no third one', () => {
    const two = [
      ['a.ts', 'export interface Row {}\n'],
      ['b.ts', 'export interface Row {}\n'],
    ] as const;
    const known = new Map([['Row', 2]]);
    assert.deepEqual(faultsOf(modules(...two), known), []);
    assert.equal(
      faultsOf(modules(...two, ['c.ts', 'export type Row = string;\n']), known).length,
      1,
    );
  });

  it('asks to correct the list where a name is not shared any more', () => {
    assert.match(
      faultsOf(modules(['a.ts', 'export interface Row {}\n']), new Map([['Row', 2]])).join(),
      /^Row is no type of 2 modules any more/,
    );
  });

  it('lets few names be shared: each is a word that two sides know, or one of the field', () => {
    assert.ok(shared.size <= 21, `${String(shared.size)} names are shared`);
  });
});
