import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRecords } from '../../../src/record/check.ts';
import type { FinalState, RuleName } from '../../../src/record/check.ts';
import type { JournalEntry, Observation } from '../../../src/record/journal.ts';

/** Journals are written as one line an event; the time is the position. */
function journal(...observations: readonly Observation[]): readonly JournalEntry[] {
  return observations.map((observation, position) => ({ ...observation, atMs: position }));
}
const opened = (worker: string): Observation => ({
  type: 'session_opened',
  worker,
  sessionId: `session of ${worker}`,
});
const granted = (worker: string, resource: string, fenceToken: number): Observation => ({
  type: 'granted',
  worker,
  sessionId: `session of ${worker}`,
  resource,
  fenceToken,
});
const leaving = (worker: string, resource: string, fenceToken: number): Observation => ({
  type: 'release_begun',
  worker,
  resource,
  fenceToken,
});
const released = (worker: string, resource: string, fenceToken: number): Observation => ({
  type: 'released',
  worker,
  resource,
  fenceToken,
});
function cycle(worker: string, resource: string, token: number): readonly Observation[] {
  return [
    granted(worker, resource, token),
    leaving(worker, resource, token),
    released(worker, resource, token),
  ];
}
function final(counterAfter: number, change: Partial<FinalState> = {}): FinalState {
  return {
    fenceCounterBefore: 0,
    fenceCounterAfter: counterAfter,
    standingSessions: new Set(['session of ann', 'session of ben']),
    standingHolds: [],
    ...change,
  };
}
const good = journal(
  opened('ann'),
  opened('ben'),
  ...cycle('ann', 'red', 1),
  ...cycle('ben', 'red', 2),
  granted('ann', 'red', 3),
  granted('ben', 'blue', 4),
  leaving('ann', 'red', 3),
  released('ann', 'red', 3),
  leaving('ben', 'blue', 4),
  released('ben', 'blue', 4),
);

/** The rules that fail, and the words of the first violation of each. */
function failures(entries: readonly JournalEntry[], state: FinalState): Map<RuleName, string> {
  const verdict = checkRecords(entries, state);
  assert.equal(
    verdict.holds,
    verdict.rules.every((rule) => rule.holds),
  );
  return new Map(
    verdict.rules
      .filter((rule) => !rule.holds)
      .map((rule) => [rule.rule, rule.violations[0] ?? 'nothing was looked at']),
  );
}
function assertOnly(found: Map<RuleName, string>, rule: RuleName, words: RegExp): void {
  assert.deepEqual([...found.keys()], [rule]);
  assert.match(found.get(rule) ?? '', words);
}

describe('The check of a run', () => {
  it('passes records of an orderly run', () => {
    assert.deepEqual([...failures(good, final(4))], []);
  });

  it('does not call a run without a single grant a success', () => {
    const found = failures(journal(opened('ann'), opened('ben')), final(0));
    assert.deepEqual([...found.keys()], ['one_holder', 'tokens_rise']);
  });

  it('finds two holders of a lock at once', () => {
    const entries = journal(
      opened('ann'),
      opened('ben'),
      granted('ann', 'red', 1),
      granted('ben', 'red', 2),
      leaving('ann', 'red', 1),
      released('ann', 'red', 1),
      leaving('ben', 'red', 2),
      released('ben', 'red', 2),
    );
    assertOnly(failures(entries, final(2)), 'one_holder', /ben was given red .* while ann still/);
  });

  it('lets a grant overtake the answer to the release before it', () => {
    const entries = journal(
      opened('ann'),
      opened('ben'),
      granted('ann', 'red', 1),
      leaving('ann', 'red', 1),
      granted('ben', 'red', 2),
      released('ann', 'red', 1),
      leaving('ben', 'red', 2),
      released('ben', 'red', 2),
    );
    assert.deepEqual([...failures(entries, final(2))], []);
  });

  it('finds a token that falls', () => {
    const entries = journal(
      opened('ann'),
      opened('ben'),
      ...cycle('ann', 'red', 2),
      ...cycle('ben', 'red', 1),
    );
    assertOnly(failures(entries, final(2)), 'tokens_rise', /token 1 after token 2/);
  });

  it('finds a token given twice, on one lock or on two', () => {
    const same = journal(
      opened('ann'),
      opened('ben'),
      ...cycle('ann', 'red', 1),
      ...cycle('ben', 'red', 1),
    );
    assert.match(failures(same, final(1)).get('tokens_rise') ?? '', /token 1 after token 1/);
    const other = journal(
      opened('ann'),
      opened('ben'),
      ...cycle('ann', 'red', 1),
      ...cycle('ben', 'blue', 1),
    );
    assert.match(failures(other, final(1)).get('tokens_rise') ?? '', /Token 1 was given to ben/);
  });

  it('finds a token that is no counting number', () => {
    const entries = journal(opened('ann'), opened('ben'), ...cycle('ann', 'red', NaN));
    assert.match(failures(entries, final(1)).get('tokens_rise') ?? '', /NaN as a token/);
  });

  it('finds an acknowledged hold that the cluster forgot when it was given back', () => {
    for (const code of ['not_holder', 'stale_fence_token', 'lock_not_found', 'session_not_found']) {
      const entries = journal(
        opened('ann'),
        opened('ben'),
        granted('ann', 'red', 1),
        leaving('ann', 'red', 1),
        { type: 'release_failed', worker: 'ann', resource: 'red', fenceToken: 1, code },
      );
      assertOnly(failures(entries, final(1)), 'nothing_lost', /the cluster forgot the grant/);
    }
  });

  it('leaves a release without an answer open: the hold may stand or be gone', () => {
    const entries = journal(
      opened('ann'),
      opened('ben'),
      granted('ann', 'red', 1),
      leaving('ann', 'red', 1),
      {
        type: 'release_failed',
        worker: 'ann',
        resource: 'red',
        fenceToken: 1,
        code: 'outcome_unknown',
      },
    );
    const hold = { resource: 'red', sessionId: 'session of ann', fenceToken: 1 };
    assert.deepEqual([...failures(entries, final(1))], []);
    assert.deepEqual([...failures(entries, final(1, { standingHolds: [hold] }))], []);
  });

  it('finds an acknowledged hold that is gone at the end', () => {
    const entries = journal(opened('ann'), opened('ben'), granted('ann', 'red', 1));
    const hold = { resource: 'red', sessionId: 'session of ann', fenceToken: 1 };
    assert.deepEqual([...failures(entries, final(1, { standingHolds: [hold] }))], []);
    assertOnly(failures(entries, final(1)), 'nothing_lost', /never given back, and is gone/);
    const stolen = { ...hold, sessionId: 'session of ben' };
    assertOnly(
      failures(entries, final(1, { standingHolds: [stolen] })),
      'nothing_lost',
      /never given back, and is gone/,
    );
  });

  it('finds an acknowledged release that was undone', () => {
    const hold = { resource: 'red', sessionId: 'session of ann', fenceToken: 3 };
    assertOnly(
      failures(good, final(4, { standingHolds: [hold] })),
      'nothing_lost',
      /stands although its release was acknowledged/,
    );
  });

  it('finds an acknowledged session that is gone', () => {
    assertOnly(
      failures(good, final(4, { standingSessions: new Set(['session of ann']) })),
      'nothing_lost',
      /session of ben .* is gone/,
    );
    const told = journal(...good, {
      type: 'session_lost',
      worker: 'ben',
      sessionId: 'session of ben',
      code: 'session_expired',
    });
    assertOnly(failures(told, final(4)), 'nothing_lost', /was lost \(session_expired\)/);
  });

  it('finds grants that the counter does not know', () => {
    const found = failures(good, final(3)).get('nothing_lost') ?? '';
    assert.match(found, /counts 3 grants, but 4 were acknowledged/);
  });

  it('finds a retry that was executed twice', () => {
    const unanswered: Observation = {
      type: 'unanswered',
      worker: 'ann',
      resource: 'red',
      code: 'deadline_exceeded',
    };
    assert.deepEqual([...failures(journal(...good, unanswered), final(5))], []);
    assertOnly(
      failures(journal(...good, unanswered), final(6)),
      'nothing_lost',
      /6 grants, but only 4 were acknowledged and 1 were left unanswered/,
    );
  });

  it('finds a token from outside the counter of this run', () => {
    const entries = journal(opened('ann'), opened('ben'), ...cycle('ann', 'red', 7));
    const state = final(8, { fenceCounterBefore: 7 });
    assertOnly(failures(entries, state), 'nothing_lost', /Token 7 is outside/);
  });

  it('shows only the first of many violations and counts them all', () => {
    const entries = journal(
      opened('ann'),
      opened('ben'),
      ...Array.from({ length: 50 }, (_, position) => cycle('ann', 'red', 50 - position)).flat(),
    );
    const rule = checkRecords(entries, final(50)).rules.find(({ rule }) => rule === 'tokens_rise');
    assert.equal(rule?.violationCount, 49);
    assert.equal(rule.violations.length, 10);
  });
});
