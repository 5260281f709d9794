/** The chain of changes: the same on every node, unbroken, and without anybody's secrets. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { emptyAuditHead, restoreStateMachine } from '../../src/index.ts';
import type { Applied, Command, Envelope, StateMachine } from '../../src/index.ts';
import { sha256 } from '../../src/kernel/audit/sha256.ts';
import { toldFields, toldFieldsOf } from '../../src/kernel/audit/told.ts';
import { commandLevels } from '../../src/kernel/command-fields.ts';
import { createCommand, Driver, id, lockName } from './support/driver.ts';

const on: Command = { type: 'set_audit', isOn: true };

interface Told {
  readonly seq: number;
  readonly operation: string;
  readonly outcome?: string;
  readonly by: string;
  readonly hash: string;
}

const readLines = ({ audit = [] }: Applied): readonly Told[] =>
  audit.map((line) => JSON.parse(line) as Told);

class Audited {
  readonly driver = new Driver();
  lines: string[] = [];

  apply(command: Command, more: Partial<Envelope> = {}): Applied {
    return this.applyOn(this.driver.machine, command, more);
  }

  applyOn(machine: StateMachine, command: Command, more: Partial<Envelope> = {}): Applied {
    const applied = machine.apply({
      index: machine.index + 1,
      time: this.driver.timeMs,
      wallMs: 1_700_000_000_000,
      commands: [{ identity: 'reports', command, ...more }],
    });
    for (const line of applied.audit ?? []) this.lines.push(line);
    return applied;
  }
}

const acquire = (session: string, requestId: number, waitMs = 0): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId,
  name: lockName('daily'),
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 1,
  terms: { metadata: { password: 'metadata-of-somebody' } },
});

test('SHA-256 is that of the library, at every length around a block', () => {
  const texts = Array.from({ length: 200 }, (_, length) => 'x'.repeat(length));
  for (const text of [...texts, 'ü€𝄞'.repeat(3000), 'y'.repeat(100_000)])
    assert.equal(sha256(text), hash('sha256', text, 'hex'), String(text.length));
});

describe('the chain of changes', () => {
  test('has nothing while it is off, and a state without it has the same bytes as before', () => {
    const audited = new Audited();
    const { audit } = audited.apply(createCommand('s'));
    assert.equal(audit, undefined);
    assert.deepEqual(
      { ...audited.driver.machine.audit },
      { isOn: false, size: 0, head: emptyAuditHead },
    );
    const header = new TextDecoder().decode(audited.driver.machine.snapshot().next().value);
    assert.ok(!header.split('\n')[0]?.includes(emptyAuditHead));
  });

  test('tells who did what, on what, with which outcome, each with the hash of all before (AUDIT-CHAIN-1)', () => {
    const audited = new Audited();
    audited.apply(on, { proof: 'key k1', address: '192.0.2.7' });
    audited.apply(createCommand('s'));
    audited.apply(acquire('s', 1));
    audited.apply(acquire('nobody', 1));
    let head = emptyAuditHead;
    for (const [at, line] of audited.lines.entries()) {
      const [body = '', hashed = ''] = line.split(',"hash":"');
      head = hash('sha256', `${head}${body}}`, 'hex');
      assert.equal(hashed, `${head}"}`);
      assert.equal((JSON.parse(line) as Told).seq, at + 1);
    }
    assert.equal(audited.driver.machine.audit.head, head);
    const [first, , third, fourth] = audited.lines.map((line) => JSON.parse(line) as object);
    assert.partialDeepStrictEqual(first, {
      revision: 1,
      at_ms: 1_700_000_000_000,
      by: 'reports',
      proof: 'key k1',
      address: '192.0.2.7',
      operation: 'set_audit',
      outcome: 'advanced',
    });
    assert.partialDeepStrictEqual(third, {
      operation: 'acquire',
      on: ['lock/daily'],
      client: 'client-s',
      outcome: 'granted',
      granted_token: 1,
    });
    assert.partialDeepStrictEqual(fourth, { outcome: 'session_not_found' });
  });

  test('tells of a repetition that it is one, and of one grant once that it was given (AUDIT-CHAIN-3)', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply(createCommand('s'));
    audited.apply(acquire('s', 1));
    audited.apply(acquire('s', 1));
    audited.apply({ ...acquire('s', 1), name: lockName('other') } as Command);
    assert.deepEqual(
      audited.lines
        .slice(2)
        .map((line) => JSON.parse(line) as Told & { repeated?: boolean })
        .map(({ outcome, repeated }) => [outcome, repeated]),
      [
        ['granted', undefined],
        ['granted', true],
        ['request_reused', undefined],
      ],
    );
  });

  test('tells what time brings about, and how waits end', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply(createCommand('a'));
    audited.apply(createCommand('b'));
    audited.apply(acquire('a', 1));
    audited.apply(acquire('b', 1, 500));
    audited.apply({ type: 'release', sessionId: id('a'), name: lockName('daily') });
    const ended = audited.lines.map((line) => JSON.parse(line) as Told).at(-1);
    assert.partialDeepStrictEqual(ended, {
      operation: 'wait_ended',
      client: 'client-b',
      outcome: 'granted',
    });
    audited.apply(acquire('a', 2, 500));
    audited.driver.timeMs += 1000;
    const lines = readLines(audited.apply({ type: 'advance' }));
    assert.deepEqual(
      lines.map(({ operation, outcome, by }) => [operation, outcome, by]),
      [['wait_ended', 'wait_timeout', 'holdfast']],
    );
  });

  test('goes on from a snapshot as on the node that applied the log', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply(createCommand('s'));
    const restored = restoreStateMachine(audited.driver.machine.snapshot());
    assert.deepEqual({ ...restored.audit }, { ...pick(audited.driver.machine) });
    const here = audited.apply(acquire('s', 1)).audit;
    assert.deepEqual(audited.applyOn(restored, acquire('s', 1)).audit, here);
    assert.equal(restored.digest(), audited.driver.machine.digest());
  });

  test('is told when it is turned off, and goes on with the next number (AUDIT-CHAIN-2)', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply({ type: 'set_audit', isOn: false });
    assert.equal(audited.apply(createCommand('s')).audit, undefined);
    audited.apply(on);
    assert.deepEqual(
      audited.lines.map((line) => (JSON.parse(line) as Told).seq),
      [1, 2, 3],
    );
  });

  test('leaves out what the machinery of the cluster writes', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply(createCommand('s'));
    for (const command of [
      { type: 'advance' },
      { type: 'keep_alive', sessionId: id('s') },
      { type: 'checkpoint' },
    ] as const)
      assert.equal(audited.apply(command).audit, undefined, command.type);
  });

  test('has no session id, no hash of a key, no payload, no value, no metadata (AUDIT-TOLD-1)', () => {
    const audited = new Audited();
    audited.apply(on);
    audited.apply(createCommand('secret-session'));
    audited.apply(acquire('secret-session', 1));
    audited.apply({
      type: 'auth_create_key',
      id: 'k1',
      identity: 'reports',
      hash: 'f'.repeat(64),
      createdAtMs: 1,
    });
    audited.apply({
      type: 'queue_push',
      name: lockName('q'),
      messages: [{ payload: 'payload-of-somebody' }],
    } as never);
    const text = audited.lines.join('\n');
    assert.equal(audited.lines.length, 5);
    for (const secret of ['secret-session"', 'f'.repeat(64), 'payload-of', 'metadata-of'])
      assert.ok(!text.replaceAll('client-secret-session', '').includes(secret), secret);
  });

  test('each field of each command is told, or is known to be left out', () => {
    for (const [type, { fields }] of Object.entries(commandLevels))
      for (const field of Object.keys(fields)) {
        const isToldHere = toldFieldsOf[type]?.includes(field) === true;
        const isTold = field in toldFields || isToldHere;
        assert.equal(isTold, isToldHere || !leftOut.has(field), `${type}.${field}`);
      }
  });
});

const pick = ({ audit: { isOn, size, head } }: StateMachine): object => ({ isOn, size, head });

/** Somebody's data, secrets, numbers of requests and guards; names and clients are told in fields of their own. */
const leftOut: ReadonlySet<string> = new Set([
  'sessionId',
  'requestId',
  'acquiredAtMs',
  'createdAtMs',
  'ownSession',
  'stamp',
  'caller',
  'terms',
  'hash',
  'messages',
  'fillToken',
  'receipt',
  'ids',
  'uses',
  'renewal',
  'unlessOpen',
  'liveMs',
  'value',
  'metadata',
  'name',
  'kind',
  'wanted',
  'instead',
  'ifVersion',
  'ifHeld',
  'clientId',
]);
