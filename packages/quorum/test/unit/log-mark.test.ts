import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DatabaseSync } from 'node:sqlite';
import { LogMark } from '../../src/store/log-mark.ts';

describe('The mark of the log, on a disk that fails', () => {
  /** What is written one after the other; `fails` says which of them the disk refuses. */
  function taken(fails: readonly number[]): { readonly steps: string[]; readonly threw: boolean } {
    const steps: string[] = [];
    const step = (name: string): void => {
      steps.push(name);
      if (fails.includes(steps.length)) throw new Error('The disk fails.');
    };
    const database = {
      prepare: (sql: string) => ({
        run: ({ value }: { readonly value: string }) => step(value),
        get: () => {
          step(sql.includes('wal_checkpoint') ? 'take in' : sql);
          return { busy: 0, log: 3, checkpointed: 3 };
        },
      }),
    } as unknown as DatabaseSync;
    let threw = false;
    try {
      new LogMark(database).takeLogIn();
    } catch {
      threw = true;
    }
    return { steps, threw };
  }

  it('is set, the log is taken in, and it is cleared', () => {
    assert.deepEqual(taken([]), { steps: ['true', 'take in', 'false'], threw: false });
  });

  it('is cleared also where the log could not be taken in: file and log together are whole', () => {
    assert.deepEqual(taken([2]), { steps: ['true', 'take in', 'false'], threw: true });
    assert.deepEqual(taken([1]), { steps: ['true', 'false'], threw: true });
  });

  it('is cleared once more where that failed once', () => {
    assert.deepEqual(taken([3]), { steps: ['true', 'take in', 'false', 'false'], threw: false });
    assert.deepEqual(taken([3, 4]), { steps: ['true', 'take in', 'false', 'false'], threw: true });
  });
});
