/**
 * The text of the records, letter by letter: hashes are made of it, so that members of one cluster have to write the same.
 * A change of it needs a feature level (see how to change what is logged in CONTRIBUTING.md).
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command, Envelope } from '../../src/index.ts';
import { isTold, toldOf } from '../../src/kernel/audit/told.ts';
import { commandLevels } from '../../src/kernel/command-fields.ts';
import { createCommand, Driver, id, lockName } from './support/driver.ts';

const path = new URL('../audit-records.txt', import.meta.url);

/** Of every field that a command of this type may have. */
function fullCommand(type: string, fields: object): Command {
  const values = Object.keys(fields).map((field): readonly [string, unknown] => [
    field,
    valueOf(field),
  ]);
  return { ...Object.fromEntries(values), type } as Command;
}

function valueOf(field: string): unknown {
  if (field === 'kind') return undefined;
  if (field === 'wanted')
    return [
      { kind: 'lock', name: 'a', mode: 'shared' },
      { kind: 'semaphore', name: 'b', permits: 2 },
    ];
  return field;
}

const caller = { identity: 'reports', proof: 'key k1', address: '192.0.2.7' } as const;

const told = (): readonly string[] =>
  Object.entries(commandLevels)
    .map(([type, { fields }]) => fullCommand(type, fields))
    .filter(isTold)
    .map((command) => JSON.stringify(toldOf({ ...caller, command })));

/** Records as they are chained: grants, waits, what is repeated, what is refused, what time does. */
function chained(): readonly string[] {
  const driver = new Driver();
  const lines: string[] = [];
  const apply = (command: Command, more: Partial<Envelope> = {}): void => {
    const applied = driver.machine.apply({
      index: driver.machine.index + 1,
      time: driver.timeMs,
      wallMs: 1_700_000_000_000,
      commands: [{ identity: 'anonymous', command, ...more }],
    });
    for (const line of applied.audit ?? []) lines.push(line);
  };
  const acquire = (session: string, requestId: number, waitMs = 0): Command => ({
    type: 'acquire',
    sessionId: id(session),
    requestId,
    name: lockName('daily'),
    mode: 'exclusive',
    waitMs,
    acquiredAtMs: 1,
    terms: {},
  });
  apply({ type: 'set_audit', isOn: true }, caller);
  apply(createCommand('a'), caller);
  apply(createCommand('a'));
  apply(createCommand('b'));
  apply(acquire('a', 1));
  apply(acquire('a', 1));
  apply({ ...acquire('a', 1), name: lockName('other') } as Command);
  apply(acquire('b', 1));
  apply(acquire('b', 2, 500));
  apply(acquire('b', 2, 500));
  apply({ type: 'release', sessionId: id('a'), name: lockName('daily') });
  apply(acquire('nobody', 1));
  apply(acquire('a', 2, 100));
  driver.timeMs += 200;
  apply({ type: 'advance' });
  apply({
    type: 'acquire_many',
    sessionId: id('a'),
    requestId: 3,
    wanted: [
      { kind: 'lock', name: lockName('x'), mode: 'exclusive' },
      { kind: 'lock', name: lockName('y'), mode: 'shared' },
    ],
    waitMs: 0,
    acquiredAtMs: 1,
    terms: {},
  });
  apply({ type: 'end_session', sessionId: id('a') });
  return lines;
}

test('the text of each record is what it was (AUDIT-CHAIN-1)', () => {
  const now = `${[...told(), '', ...chained()].join('\n')}\n`;
  if (process.env['REWRITE'] === '1') writeFileSync(path, now);
  const then = readFileSync(path, 'utf8');
  assert.equal(now, then, 'REWRITE=1 shows how in git diff');
});

test('of one grant there is one record that is not told as repeated (AUDIT-CHAIN-3)', () => {
  interface Told {
    readonly operation: string;
    readonly outcome?: string;
    readonly granted_token?: number;
    readonly repeated?: true;
  }
  const records = chained().map((line) => JSON.parse(line) as Told);
  const first = records.filter(({ granted_token }) => granted_token === 1);
  assert.deepEqual(
    first.map(({ operation, repeated }) => [operation, repeated]),
    [
      ['acquire', undefined],
      ['acquire', true],
    ],
    'a release grants nothing',
  );
  const outcomes = records
    .filter(({ repeated }) => repeated === true)
    .map(({ operation, outcome }) => `${operation} ${String(outcome)}`);
  assert.deepEqual(outcomes, ['create_session session', 'acquire granted', 'acquire queued']);
});
