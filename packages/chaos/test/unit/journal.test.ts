import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CallJournal, readJournal } from '../../src/clients/journal.ts';

describe('A journal of a client process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const acquire = {
    type: 'acquire',
    lock: 'x',
    session: 's',
    mode: 'exclusive',
    wait: true,
  } as const;

  it('gives what was asked with what was answered', () => {
    const path = join(folder, 'answered');
    const journal = new CallJournal(path);
    journal.begin(acquire, 10)({ type: 'granted', token: 7 });
    journal.begin({ type: 'end', lock: 'x', session: 's' }, 20)({ type: 'ended' });
    const [first, second, ...others] = readJournal('c', path);
    assert.deepEqual(first?.call, acquire);
    assert.ok(first?.outcome.type === 'answered');
    assert.deepEqual(first.outcome.answer, { type: 'granted', token: 7 });
    assert.equal(second?.calledAtMs, 20);
    assert.deepEqual(others, []);
  });

  it('of a process that was killed leaves the last outcome open, and its session may have ended since', () => {
    const path = join(folder, 'killed');
    new CallJournal(path).begin(acquire, 10);
    appendFileSync(path, '{"id":2,"answ');
    assert.deepEqual(readJournal('c', path), [
      { client: 'c', call: acquire, calledAtMs: 10, outcome: { type: 'unknown' } },
      {
        client: 'c',
        call: { type: 'end', lock: 'x', session: 's' },
        calledAtMs: 10,
        outcome: { type: 'unknown' },
      },
    ]);
  });
});
