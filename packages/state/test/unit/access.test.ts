import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { restoreStateMachine } from '../../src/index.ts';
import type { Command, CommandResult, Envelope, FenceToken } from '../../src/index.ts';
import { createCommand, Driver, id, lockName } from './support/driver.ts';

const hash = 'a'.repeat(64);
const key = (keyId: string, identity: string, roles: readonly string[] = []): Command => ({
  type: 'auth_create_key',
  id: keyId,
  identity,
  hash,
  createdAtMs: 1,
  roles,
});

const acquire = (session: string, name = 'x', requestId = 1, waitMs = 0): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId,
  name: lockName(name),
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 1,
});

class Access {
  readonly driver = new Driver();

  /** As a node asks that has applied everything. */
  as(identity: string, command: Command, more: Partial<Envelope> = {}): CommandResult {
    const { machine, timeMs } = this.driver;
    const { results } = machine.apply({
      index: machine.index + 1,
      time: timeMs,
      commands: [{ identity, authorizedAt: machine.index, command, ...more }],
    });
    assert.ok(results[0]);
    return results[0];
  }

  codeOf(identity: string, command: Command, more: Partial<Envelope> = {}): string {
    const result = this.as(identity, command, more);
    return result.ok ? 'ok' : result.code;
  }

  enabled(): this {
    this.as('anonymous', key('k0', 'root', ['admin']));
    assert.equal(this.codeOf('root', { type: 'auth_enable' }), 'ok');
    return this;
  }
}

describe('authentication', () => {
  test('is not turned on while nobody could administer it, and nobody ends the last one who can (AUTH-3)', () => {
    const access = new Access();
    assert.equal(access.codeOf('a', { type: 'auth_enable' }), 'no_administrator');
    access.as('a', key('k1', 'user'));
    assert.equal(access.codeOf('a', { type: 'auth_enable' }), 'no_administrator');
    access.enabled();
    const ends: readonly Command[] = [
      { type: 'auth_revoke_key', id: 'k0' },
      { type: 'auth_unbind', identity: 'root', role: 'admin' },
    ];
    for (const command of ends) assert.equal(access.codeOf('root', command), 'no_administrator');
    access.as('root', key('k2', 'other', ['admin']));
    for (const command of ends) assert.equal(access.codeOf('root', command), 'ok');
  });

  test('is not turned on by a key beside which anything else is known, unless that is kept (AUTH-5)', () => {
    const others: readonly Command[] = [
      key('k1', 'root'),
      key('k1', 'mallory'),
      { type: 'auth_bind', identity: 'anonymous', role: 'admin' },
      { type: 'auth_grant', role: 'worker', rule: { verb: 'admin' } },
      { type: 'auth_map_certificate', field: 'dns', value: 'a', identity: 'root' },
    ];
    const enable: Command = { type: 'auth_enable', onlyKey: 'k0' };
    for (const other of others) {
      const access = new Access();
      access.as('anonymous', key('k0', 'root', ['admin']));
      assert.equal(access.codeOf('anonymous', other), 'ok');
      assert.equal(access.codeOf('root', enable), 'others_have_access', other.type);
      assert.equal(access.driver.machine.access.isEnabled, false);
      assert.equal(access.codeOf('root', { type: 'auth_enable' }), 'ok');
    }
    const alone = new Access();
    alone.as('anonymous', key('k0', 'root', ['admin']));
    assert.equal(alone.codeOf('root', { ...enable, onlyKey: '' }), 'others_have_access');
    assert.equal(alone.codeOf('root', enable), 'ok');
  });

  test('does not count a key that ends as the last of an administrator (AUTH-3)', () => {
    const access = new Access().enabled();
    const ending = { ...key('k2', 'other', ['admin']), expiresAtMs: 9 } as Command;
    assert.equal(access.codeOf('root', ending), 'ok');
    const rotated = {
      type: 'auth_rotate_key',
      oldId: 'k0',
      id: 'k3',
      hash,
      createdAtMs: 1,
    } as const;
    const ends: readonly Command[] = [
      { type: 'auth_revoke_key', id: 'k0' },
      { type: 'auth_unbind', identity: 'root', role: 'admin' },
      { ...rotated, expiresAtMs: 9 },
    ];
    for (const command of ends)
      assert.equal(access.codeOf('root', command), 'no_administrator', command.type);
    assert.equal(access.driver.machine.access.key('k3'), undefined);
    assert.equal(access.driver.machine.access.key('k0')?.identity, 'root');
    assert.equal(access.codeOf('root', rotated), 'ok');
    assert.equal(access.codeOf('root', { type: 'auth_revoke_key', id: 'k2' }), 'ok');
  });

  test('turned on a second time changes nothing', () => {
    const access = new Access().enabled();
    const at = access.driver.machine.digest();
    const { index } = access.driver.machine;
    assert.equal(access.codeOf('root', { type: 'auth_enable' }), 'ok');
    assert.equal(access.driver.machine.index, index + 1);
    assert.notEqual(access.driver.machine.digest(), at, 'the index alone');
    assert.equal(access.codeOf('root', createCommand('s')), 'ok');
  });
});

describe('a session', () => {
  test('is used, kept, ended by nobody but the identity that made it (OWNER-1)', () => {
    const access = new Access().enabled();
    assert.equal(access.codeOf('ann', createCommand('s')), 'ok');
    assert.equal(access.codeOf('ann', acquire('s')), 'ok');
    const foreign: readonly Command[] = [
      createCommand('s'),
      acquire('s', 'y'),
      acquire('s'),
      { type: 'release', sessionId: id('s'), name: lockName('x') },
      { type: 'keep_alive', sessionId: id('s') },
      { type: 'end_session', sessionId: id('s') },
      { type: 'abandon', sessionId: id('s'), name: lockName('x'), requestId: 1 },
      {
        type: 'enter_barrier',
        sessionId: id('s'),
        name: lockName('b'),
        parties: 2,
        requestId: 5,
      },
    ];
    for (const command of foreign)
      assert.equal(access.codeOf('bob', command), 'session_not_found', command.type);
    assert.equal(access.driver.machine.session(id('s'))?.counts.locks, 1);
    assert.equal(
      access.codeOf('ann', { type: 'release', sessionId: id('s'), name: lockName('x') }),
      'ok',
    );
  });

  test('is ended by whoever administers sessions, and by a node', () => {
    const access = new Access().enabled();
    for (const name of ['s', 't']) access.as('ann', createCommand(name));
    const end = (name: string): Command => ({ type: 'end_session', sessionId: id(name) });
    assert.equal(access.codeOf('root', end('s')), 'session_not_found');
    assert.equal(access.codeOf('root', end('s'), { isAdministrator: true }), 'ok');
    assert.equal(
      access.codeOf('root', acquire('t'), { isAdministrator: true }),
      'session_not_found',
    );
    assert.equal(access.codeOf('holdfast', end('t'), { authorizedAt: 0 }), 'ok');
  });

  test('that has ended tells another identity nothing, not even the answers that are remembered (OWNER-1)', () => {
    const access = new Access().enabled();
    const own = { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0 };
    const take = { ...acquire('own'), ownSession: own } as Command;
    assert.equal(access.codeOf('ann', take), 'ok');
    const give: Command = {
      type: 'release',
      sessionId: id('own'),
      name: lockName('x'),
      requestId: 2,
    };
    assert.equal(access.codeOf('bob', give), 'session_not_found');
    assert.equal(access.codeOf('ann', give), 'ok');
    assert.equal(access.codeOf('ann', give), 'ok', 'the answer is remembered');
    assert.equal(access.codeOf('bob', give), 'session_not_found');
    assert.equal(access.codeOf('bob', take), 'session_not_found');
  });

  test('of another identity cannot be cancelled before it comes', () => {
    const access = new Access().enabled();
    const own = { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0 };
    const cancel = {
      type: 'abandon',
      sessionId: id('own'),
      name: lockName('x'),
      requestId: 1,
    } as const;
    assert.equal(access.codeOf('bob', cancel), 'session_not_found');
    assert.equal(access.codeOf('ann', { ...acquire('own'), ownSession: own } as Command), 'ok');
  });

  test('made while nobody proved who they are is nobody’s once that counts', () => {
    const access = new Access();
    access.as('anonymous', createCommand('s'));
    assert.equal(access.codeOf('ann', acquire('s')), 'ok', 'as before there was authentication');
    access.enabled();
    assert.equal(access.codeOf('ann', acquire('s', 'y', 2)), 'session_not_found');
  });
});

describe('a hold', () => {
  test('of another identity lets nobody write a key of the cache (OWNER-1)', () => {
    const access = new Access().enabled();
    access.as('ann', createCommand('s'));
    const held = access.as('ann', acquire('s'));
    assert.ok(held.ok && held.type === 'granted');
    const write = {
      type: 'cache_set',
      name: lockName('k'),
      value: 1,
      ifHeld: { name: lockName('x'), fenceToken: held.fenceToken },
    } as const;
    assert.equal(access.codeOf('bob', write), 'hold_not_current');
    assert.equal(access.codeOf('ann', write), 'ok');
    const told = (who: string, name: string): readonly unknown[] => {
      const ifHeld = { name: lockName(name), fenceToken: 999 as FenceToken };
      const refused = access.as(who, { ...write, ifHeld });
      assert.ok(!refused.ok && refused.code === 'hold_not_current');
      return [refused.message.replaceAll(name, 'NAME'), refused.details?.['current_fence_token']];
    };
    assert.deepEqual(told('bob', 'x'), told('bob', 'nobodys'), 'as if nobody had it');
    assert.equal(told('ann', 'x')[1], held.fenceToken);
  });
});

describe('a receipt', () => {
  test('is of the identity that took the message (OWNER-1)', () => {
    const access = new Access().enabled();
    const name = lockName('q');
    access.as('ann', { type: 'queue_push', name, messages: [{ key: 'k', payload: 1 }] });
    const taken = access.as('ann', { type: 'queue_pop', name, count: 1, visibilityMs: 1000 });
    assert.ok(taken.ok && taken.type === 'queue_taken');
    const [delivery] = taken.deliveries;
    assert.ok(delivery);
    const receipt = {
      messageId: delivery.id,
      delivery: delivery.delivery,
      fenceToken: delivery.fenceToken,
    };
    const restored = restoreStateMachine(access.driver.machine.snapshot());
    assert.equal(restored.digest(), access.driver.machine.digest());
    for (const type of ['queue_ack', 'queue_nack'] as const)
      assert.equal(access.codeOf('bob', { type, name, receipt }), 'stale_receipt');
    const extend = { type: 'queue_extend', name, receipt, visibilityMs: 1 } as const;
    assert.equal(access.codeOf('bob', extend), 'stale_receipt');
    assert.equal(access.codeOf('ann', { type: 'queue_ack', name, receipt }), 'ok');
  });
});

describe('a command that was authorized before', () => {
  test('is refused where what its identity may do has changed since, and no other one is (OWNER-2)', () => {
    const access = new Access().enabled();
    const rule = { verb: 'acquire', kind: 'lock', prefix: 'a/' } as const;
    access.as('root', { type: 'auth_grant', role: 'worker', rule });
    access.as('root', { type: 'auth_grant', role: 'other', rule });
    for (const [identity, role] of [
      ['ann', 'worker'],
      ['bob', 'other'],
      ['cy', 'worker'],
    ] as const)
      access.as('root', { type: 'auth_bind', identity, role });
    access.as('root', key('k-ann', 'ann'));
    access.as('root', { type: 'auth_grant', role: 'base', rule });
    for (const identity of ['ann', 'bob'])
      access.as('root', { type: 'auth_bind', identity, role: 'base' });
    const changes: readonly (readonly [Command, readonly string[]])[] = [
      [{ type: 'auth_withdraw', role: 'worker', rule }, ['ann', 'cy']],
      [{ type: 'auth_revoke_key', id: 'k-ann' }, ['ann']],
      [{ type: 'auth_unbind', identity: 'ann', role: 'worker' }, ['ann']],
      [{ type: 'auth_delete_role', role: 'other' }, ['bob']],
    ];
    for (const [change, concerned] of changes) {
      const authorizedAt = access.driver.machine.index;
      assert.equal(access.codeOf('root', change), 'ok');
      for (const identity of ['bob', 'cy', 'ann']) {
        const session = `${identity} ${change.type}`;
        const before = access.codeOf(identity, createCommand(session), { authorizedAt });
        const isConcerned = concerned.includes(identity);
        assert.equal(before, isConcerned ? 'access_changed' : 'ok', session);
        assert.equal(access.codeOf(identity, createCommand(session)), 'ok', session);
      }
    }
  });

  test('is refused where authentication was turned on since', () => {
    const access = new Access();
    const { index } = access.driver.machine;
    access.enabled();
    assert.equal(
      access.codeOf('ann', createCommand('s'), { authorizedAt: index }),
      'access_changed',
    );
    const { machine } = access.driver;
    const { results } = machine.apply({
      index: machine.index + 1,
      time: 0,
      commands: [{ identity: 'anonymous', command: createCommand('s') }],
    });
    assert.equal(results[0]?.ok === false && results[0].code, 'access_changed');
  });
});

describe('keys', () => {
  test('are bounded by number, and what would pass a bound changes nothing (AUTH-4)', () => {
    const access = new Access().enabled();
    for (let count = 0; count < 16; count++)
      access.as('root', {
        type: 'auth_grant',
        role: `r${String(count)}`,
        rule: { verb: 'read', kind: 'lock', name: 'n' },
      });
    for (let count = 0; count < 16; count++)
      access.as('root', { type: 'auth_bind', identity: 'ann', role: `r${String(count)}` });
    const full = { type: 'auth_bind', identity: 'ann', role: 'admin' } as const;
    assert.equal(access.codeOf('root', full), 'limit_exceeded');
    assert.equal(access.codeOf('root', key('k', 'ann', ['admin'])), 'limit_exceeded');
    assert.equal(access.driver.machine.access.key('k'), undefined);
    for (let count = 0; count < 999; count++)
      access.as('root', {
        type: 'auth_grant',
        role: 'r0',
        rule: { verb: 'read', kind: 'lock', prefix: String(count) },
      });
    const one = { verb: 'read', kind: 'lock', prefix: 'x' } as const;
    assert.equal(
      access.codeOf('root', { type: 'auth_grant', role: 'r0', rule: one }),
      'limit_exceeded',
    );
    assert.equal(access.driver.machine.access.roles.get('r0')?.rules.length, 1000);
  });

  test('are rotated with a time in which both count, and revoked', () => {
    const access = new Access().enabled();
    access.as('root', key('k1', 'ann'));
    const rotate = {
      type: 'auth_rotate_key',
      oldId: 'k1',
      oldEndsAtMs: 50,
      id: 'k2',
      hash,
      createdAtMs: 2,
    } as const;
    assert.equal(access.codeOf('root', rotate), 'ok');
    assert.equal(access.codeOf('root', rotate), 'ok', 'sent again');
    const { access: view } = access.driver.machine;
    assert.equal(view.key('k1')?.expiresAtMs, 50);
    assert.equal(view.key('k2')?.identity, 'ann');
    assert.equal(
      access.codeOf('root', {
        ...rotate,
        oldId: 'k2',
        id: 'k3',
        oldEndsAtMs: undefined,
      } as unknown as Command),
      'ok',
    );
    assert.equal(view.key('k2'), undefined);
    access.as('root', {
      type: 'auth_note_uses',
      uses: [
        { id: 'k3', atMs: 9 },
        { id: 'gone', atMs: 9 },
      ],
    });
    assert.equal(view.key('k3')?.lastUsedMs, 9);
    assert.equal(access.codeOf('root', { type: 'auth_revoke_key', id: 'k3' }), 'ok');
    assert.equal(access.codeOf('root', { type: 'auth_revoke_key', id: 'k3' }), 'key_not_found');
  });

  test('come back from a snapshot with roles, identities, certificates and owners, byte for byte', () => {
    const access = new Access().enabled();
    access.as('root', {
      type: 'auth_grant',
      role: 'r',
      rule: { verb: 'cache_read', kind: 'cache', name: 'n' },
    });
    access.as('root', { type: 'auth_grant', role: 'r', rule: { verb: 'read', prefix: 'p' } });
    access.as('root', { type: 'auth_bind', identity: 'ann', role: 'r' });
    access.as('root', {
      type: 'auth_map_certificate',
      field: 'dns',
      value: 'a.example',
      identity: 'ann',
    });
    access.as('ann', createCommand('s'));
    access.as('ann', createCommand('t'));
    access.as('ann', { type: 'end_session', sessionId: id('t') });
    const { machine } = access.driver;
    const restored = restoreStateMachine(machine.snapshot());
    assert.equal(restored.digest(), machine.digest());
    assert.deepEqual(
      Buffer.concat([...restored.snapshot()]),
      Buffer.concat([...machine.snapshot()]),
    );
    assert.equal(restored.access.isEnabled, true);
    assert.equal(restored.access.identityOf('dns', 'a.example'), 'ann');
    assert.equal(restored.access.rightsOf('ann').permits('cache_read', 'cache', 'n'), true);
    for (const session of ['s', 't']) {
      assert.equal(restored.isForeign('bob', id(session)), true);
      assert.equal(restored.isForeign('ann', id(session)), false);
    }
  });
});
