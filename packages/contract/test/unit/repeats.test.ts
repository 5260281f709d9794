/** What clients send again by themselves: a copy that comes late may be executed after what others have done meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '../../src/index.ts';
import type { UnaryOperation } from '../../src/index.ts';

/** Why a second, late execution of what changes something does no harm. */
const harmlessBecause: Readonly<Record<string, string>> = {
  end_session: 'A session ends once; its id is never given to another one.',
  cancel_request: 'A wait is cancelled once; it is named by an id of its own.',
  downgrade: 'It names a fence token, which no other grant has, and takes away.',
  simple_acquire: 'It says by whom the lock is to be held, and its owner renews it the same way.',
  create_semaphore:
    'It makes one with a limit that its users agree on, or finds it there; nobody is let in by it.',
  create_latch: 'It makes one with a count that its users agree on, or finds it there.',
  queue_extend: 'It names a receipt, which no other delivery has.',
  queue_configure:
    'It says how the queue is to be. One who changes it again repeats it likewise; no message is lost by either.',
  auth_enable: 'It takes rights away from everybody who has none.',
  auth_revoke_key: 'It takes away; the id of a key is never given to another one.',
  auth_revoke: 'It takes away.',
  auth_delete_role: 'It takes away.',
  auth_unbind: 'It takes away.',
  auth_unmap_certificate: 'It takes away.',
  audit_enable: 'It lets more be recorded.',
  set_log_level: 'It says what one node logs; nothing but its log changes.',
};

const unary = operations.filter((one): one is UnaryOperation => one.kind === 'unary');

describe('what a client may send again', () => {
  test('given a change that is declared to be repeatable always, then it is written why that does no harm', () => {
    const changes = unary.filter(({ changes: is, repeat }) => is && repeat === 'always');
    assert.deepEqual(changes.map(({ name }) => name).sort(), Object.keys(harmlessBecause).sort());
  });

  test('given what gives somebody rights, or ends the watch over them, then no client sends it again by itself', () => {
    const giving = unary.filter(({ name }) =>
      /^auth_(?:grant|bind|map_certificate|disable|create_key|rotate_key)$|^audit_disable$/.test(
        name,
      ),
    );
    assert.equal(giving.length, 7);
    for (const { name, repeat } of giving) assert.equal(repeat, 'never', name);
  });

  for (const { name, repeat, request } of unary)
    test(`given ${name}, then it has an id of its own exactly where it is executed once by it`, () => {
      // A cancellation names the request that it cancels.
      const hasId = 'request_id' in request.fields && name !== 'cancel_request';
      assert.equal(hasId, repeat === 'numbered' || repeat === 'by_id');
    });
});
