import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unorderedNamesLevel } from '@holdfast/state';
import type { Command, Envelope, FenceToken, ResourceName, SessionId } from '@holdfast/state';
import {
  decodeBatch,
  encodeBatch,
  encodedBytes,
  encodeEnvelope,
  joinBatch,
} from '../../src/batch.ts';

const sessionId = fc.string().map((text) => text as SessionId);
const name = fc.string({ unit: 'binary' }).map((text) => text as ResourceName);
const requestId = fc.oneof(fc.nat(), fc.string());
const fenceToken = fc.nat().map((token) => token as FenceToken);
const optional = <K extends string, V>(
  key: K,
  value: fc.Arbitrary<V>,
): fc.Arbitrary<Partial<Record<K, V>>> =>
  fc.oneof(
    fc.constant({} as Partial<Record<K, V>>),
    value.map((content) => ({ [key]: content }) as Partial<Record<K, V>>),
  );

const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(
      fc.record({
        type: fc.constant('acquire' as const),
        sessionId,
        requestId,
        name,
        mode: fc.constantFrom('exclusive' as const, 'shared' as const),
        waitMs: fc.nat(),
        acquiredAtMs: fc.nat(),
      }),
      optional(
        'ownSession',
        fc.record(
          { clientId: fc.string(), timeoutMs: fc.nat(), lockDelayMs: fc.nat() },
          { noNullPrototype: true },
        ),
      ),
    )
    .map(([base, own]) => ({ ...base, ...own })),
  fc
    .tuple(
      fc.record({ type: fc.constant('release' as const), sessionId, name }),
      optional('fenceToken', fenceToken),
      optional('requestId', requestId),
    )
    .map(([base, token, request]) => ({ ...base, ...token, ...request })),
  fc
    .tuple(sessionId, fc.nat())
    .map(([id, renewal]) => ({ type: 'expire_session' as const, sessionId: id, renewal })),
  fc.constant({ type: 'advance' as const }),
);

const envelope: fc.Arbitrary<Envelope> = fc
  .tuple(
    fc.record({ identity: fc.string(), command }),
    optional('ackedBelow', fc.nat()),
    optional('repeated', fc.constant(true as const)),
    optional('proof', fc.string()),
    optional('address', fc.string()),
    optional('authorizedAt', fc.nat()),
    optional('isAdministrator', fc.constant(true as const)),
    optional('askedAt', fc.nat()),
  )
  .map(([base, ...more]) => Object.assign({}, base, ...more) as Envelope);

describe('A batch', () => {
  it('comes back from its bytes as it was (BATCH-1)', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(envelope, { maxLength: 5 }), (time, commands) => {
        const decoded = decodeBatch(encodeBatch({ time, commands }));
        assert.deepEqual(decoded, { time, commands });
      }),
    );
  });

  const text = (commands: unknown): Uint8Array =>
    new TextEncoder().encode(JSON.stringify([2, 0, commands]));
  const acquire = ['a', 's', 1, 'x', 0, 0, 0];
  const unknown: readonly (readonly [string, unknown, RegExp])[] = [
    ['command', [[{ type: 'push' }, null, null]], /a command of the type "push"/],
    ['field of a command', [[{ type: 'advance', by: 1 }, null, null]], /the field "by"/],
    ['kind', [[{ type: 'force_release', kind: 'queue' }, null, null]], /the kind "queue"/],
    ['tuple', [[['p', 's'], null, null]], /a command tuple "p"/],
    ['field of an acquire', [[[...acquire, null, 1], null, null]], /a field of an acquire/],
    ['mode of an acquire', [[acquire.with(4, 2), null, null]], /a field of an acquire/],
    [
      'field of an implicit session',
      [[[...acquire, { clientId: 'c', timeoutMs: 1, lockDelayMs: 0, color: 1 }], null, null]],
      /the field "color" in the field "ownSession"/,
    ],
    ['field of a release', [[['r', 's', 'x', null, null, 1], null, null]], /a field of a release/],
    ['kind of repetition', [[{ type: 'advance' }, null, null, 2]], /a kind of repetition/],
    [
      'field of a caller',
      [[{ type: 'advance' }, null, null, 0, ['none', '::1', 1, 1, 1, 1]]],
      /a field of the caller/,
    ],
    [
      'kind of administrator',
      [[{ type: 'advance' }, null, null, 0, ['none', '::1', 1, 0]]],
      /a field of the caller/,
    ],
    [
      'field beside a command',
      [[{ type: 'advance' }, null, null, 0, ['none', '::1'], 1]],
      /a field beside a command/,
    ],
    ['command that is none', [[7, null, null]], /what is no command/],
  ];
  for (const [what, commands, reason] of unknown)
    it(`with a ${what} that is not known is refused, not read without it (BATCH-2)`, () => {
      assert.throws(() => decodeBatch(text(commands)), reason);
      assert.throws(
        () => decodeBatch(text(commands)),
        /which this version does not know; .* Run the version of Holdfast that wrote it, or newer\./,
      );
    });

  it('with a field beside its commands is refused (BATCH-2)', () => {
    assert.throws(
      () => decodeBatch(new TextEncoder().encode('[2,0,[],1,1]')),
      /a field beside its commands/,
    );
  });

  it('has the wall clock of its leader, at a level that has it', () => {
    const batch = { time: 5, commands: [], wallMs: 1_769_164_036_177 };
    assert.deepEqual(decodeBatch(encodeBatch(batch)), batch);
    assert.throws(() => decodeBatch(encodeBatch(batch), 1), /a field beside its commands/);
    const text = new TextEncoder().encode('[2,0,[],"noon"]');
    assert.throws(() => decodeBatch(text), /a field beside its commands/);
    assert.equal('wallMs' in decodeBatch(encodeBatch({ time: 5, commands: [] })), false);
  });

  it('tells of no caller to a program that supports no level with one', () => {
    const told = encodeBatch({
      time: 0,
      commands: [{ identity: 'i', proof: 'none', command: { type: 'advance' } }],
    });
    assert.throws(() => decodeBatch(told, 1), /a field of the caller of a command/);
  });

  it('tells of no time of asking to a program that supports no level with one', () => {
    const told = encodeBatch({
      time: 0,
      commands: [{ identity: 'i', askedAt: 7, command: { type: 'advance' } }],
    });
    const level = unorderedNamesLevel - 1;
    assert.throws(() => decodeBatch(told, level), /a field of the caller of a command/);
  });

  it('of a newer format version is refused, not guessed at', () => {
    const newer = new TextEncoder().encode('[3,0,[]]');
    assert.throws(() => decodeBatch(newer), /format version 3/);
  });
});

describe('A long batch', () => {
  const push = (payload: string): Envelope => ({
    identity: 'test',
    command: {
      type: 'queue_push',
      name: 'mail' as ResourceName,
      messages: [{ key: 'a', payload }],
    },
  });
  const joined = (commands: readonly Envelope[], wallMs?: number): Uint8Array => {
    const encoded = commands.map(encodeEnvelope);
    const bytes = encoded.reduce((sum, one) => sum + encodedBytes(one), 0);
    return joinBatch(7, encoded, wallMs, bytes);
  };

  it('has the bytes that it would have as one text, whatever is in it (BATCH-1)', () => {
    const unit = fc.constantFrom('x', '"', 'ö', '€', '\u{1f512}', '\ud83d', '\u0001');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(unit, fc.nat({ max: 40_000 })), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat(), { nil: undefined }),
        (payloads, wallMs) => {
          const commands = payloads.map(([text, count]) => push(text.repeat(count)));
          const batch =
            wallMs === undefined ? { time: 7, commands } : { time: 7, commands, wallMs };
          assert.ok(Buffer.from(joined(commands, wallMs)).equals(encodeBatch(batch)));
        },
      ),
    );
  });

  it('of many short commands keeps no more memory than a third above its bytes', () => {
    const batch = joined(Array.from({ length: 256 }, () => push('x'.repeat(300))));
    assert.ok(batch.buffer.byteLength <= (4 * batch.byteLength) / 3);
    assert.equal(decodeBatch(batch).commands.length, 256);
  });
});
