import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noPromise, report, unpromised, unreported } from '../api-reports.ts';

const files: Readonly<Record<string, string>> = {
  'index.d.ts': `export { Lock } from './lock.ts';
export type { Options as LockOptions } from './lock.ts';
export { HoldfastError } from '@holdfast/protocol';
export * from './more.ts';
`,
  'lock.d.ts': `/** A lock. */
export declare class Lock {
    #private;
    private readonly secret;
    /** Its name. */
    readonly name: string;
    acquire(options?: Options): Promise<void>;
}
export interface Options {
    readonly waitMs?: number;
}
export interface NotNamed {}
`,
  'more.d.ts': `export declare const limit: number;
export declare function open(name: string): Lock;
`,
};
const reportOf = (changed: Readonly<Record<string, string>> = {}): string =>
  report(new Map([['a', 'index.d.ts']]), (path) => ({ ...files, ...changed })[path] ?? '');

describe('The report of what programs can name', () => {
  it('has whatever is exported, from wherever, in order of names, and nothing else (API-1)', () => {
    assert.equal(
      reportOf().split('# a\n\n')[1],
      `HoldfastError from '@holdfast/protocol'

class Lock {
    readonly name: string;
    acquire(options?: Options): Promise<void>;
}

interface Options {
    readonly waitMs?: number;
}

const limit: number;

function open(name: string): Lock;
`,
    );
  });

  it('differs when a signature, a member or an export does, and not with a comment (API-1)', () => {
    const lock = files['lock.d.ts'] ?? '';
    assert.equal(reportOf({ 'lock.d.ts': lock.replace('A lock.', 'One lock.') }), reportOf());
    assert.notEqual(reportOf({ 'lock.d.ts': lock.replace('?: number', ': number') }), reportOf());
    assert.notEqual(reportOf({ 'more.d.ts': '' }), reportOf());
  });

  it('passes on nothing of a package that has none (API-2)', () => {
    assert.deepEqual(unreported(reportOf(), ['protocol']), []);
    assert.deepEqual(unreported(reportOf(), ['client']), ['@holdfast/protocol']);
    const all = reportOf({ 'more.d.ts': "export * from '@holdfast/state/collections';\n" });
    assert.deepEqual(unreported(all, ['protocol']), ['@holdfast/state/collections']);
  });

  it('is there for each package that is published, unless its README says that it makes no promise (API-3)', () => {
    const readmes = new Map([
      ['a', 'A library.'],
      ['b', `A part. ${noPromise.replace('; ', ';\n')}`],
    ]);
    assert.deepEqual(unpromised(readmes, ['a']), []);
    assert.match(unpromised(readmes, []).join(), /^a is published and has no report/);
    assert.match(unpromised(readmes, ['a', 'b']).join(), /^The README of b says/);
  });
});
