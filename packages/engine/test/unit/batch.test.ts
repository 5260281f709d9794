import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Command, Envelope, FenceToken, ResourceName, SessionId } from '@holdfast/state';
import { decodeBatch, encodeBatch } from '../../src/batch.ts';

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
    optional('answeredBelow', fc.nat()),
    optional('repeated', fc.constant(true as const)),
  )
  .map(([base, below, repeated]) => ({ ...base, ...below, ...repeated }));

describe('A batch', () => {
  it('comes back from its bytes as it was (B1)', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(envelope, { maxLength: 5 }), (time, commands) => {
        const decoded = decodeBatch(encodeBatch({ time, commands }));
        assert.deepEqual(decoded, { time, commands });
      }),
    );
  });

  it('of a newer format version is refused, not guessed at', () => {
    const newer = new TextEncoder().encode('[3,0,[]]');
    assert.throws(() => decodeBatch(newer), /format version 3/);
  });
});
