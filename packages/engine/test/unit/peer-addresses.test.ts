import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { fileDisk } from '@holdfast/storage/parts';
import { PeerAddresses } from '../../src/peer-addresses.ts';
import { maxStartsAhead } from '../../src/transport/run-names.ts';

const [n2, n3, n9] = ['n2', 'n3', 'n9'] as MemberId[] as [MemberId, MemberId, MemberId];

describe('The addresses of members', () => {
  let folder: string;
  let members: Set<MemberId>;
  const warnings: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-addresses-'));
    members = new Set(['n1' as MemberId, n2, n3]);
    warnings.length = 0;
  });
  const opened: PeerAddresses[] = [];
  afterEach(async () => {
    for (const addresses of opened.splice(0)) await addresses.settled();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (configured: readonly { id: string; address: string }[] = []): PeerAddresses => {
    const addresses = new PeerAddresses({
      folder,
      disk: fileDisk,
      nodeId: 'n1',
      knowledge: { isKnownMember: (id) => members.has(id) },
      configured,
      log: {
        info: () => undefined,
        warn: (_fields, message) => warnings.push(message),
        error: () => undefined,
      },
    });
    opened.push(addresses);
    return addresses;
  };

  it('are all tried: what the member said, the configuration of this start, the log (ADDR-3)', () => {
    const addresses = open([{ id: 'n2', address: 'configured:1' }]);
    assert.deepEqual(addresses.of(n2, 'logged:1'), ['configured:1', 'logged:1']);
    assert.deepEqual(addresses.of(n3, 'logged:2'), ['logged:2']);
    assert.ok(addresses.met(n2, { starts: 2, address: 'said:1' }));
    assert.deepEqual(addresses.of(n2, 'logged:1'), ['said:1', 'configured:1', 'logged:1']);
  });

  it('are kept over a restart, and without the file only hints are lost (ADDR-5)', async () => {
    const before = open();
    before.met(n2, { starts: 2, address: 'said:1' });
    await before.settled();
    assert.deepEqual(open().of(n2, 'logged:1'), ['said:1', 'logged:1']);
    writeFileSync(join(folder, 'peer-addresses.json'), '{');
    assert.deepEqual(open().of(n2, 'logged:1'), ['logged:1']);
    assert.match(warnings[0] ?? '', /not known/);
    writeFileSync(
      join(folder, 'peer-addresses.json'),
      JSON.stringify({ members: { n2: { met: 7, told: { starts: 1, address: 'a:1' } }, '': {} } }),
    );
    assert.deepEqual(open().of(n2, 'logged:1'), ['a:1', 'logged:1']);
  });

  it('are not written where a member has started again at the same address (ADDR-5)', async () => {
    const addresses = open();
    addresses.met(n2, { starts: 2, address: 'said:1' });
    await addresses.settled();
    const path = join(folder, 'peer-addresses.json');
    rmSync(path);
    assert.ok(addresses.met(n2, { starts: 3, address: 'said:1' }), 'others are told of the start');
    await addresses.settled();
    assert.equal(existsSync(path), false);
    addresses.met(n2, { starts: 4, address: 'moved:1' });
    await addresses.settled();
    assert.match(readFileSync(path, 'utf8'), /moved:1/);
  });

  it('of a start that cannot be are not taken from others, so that later ones count (ADDR-6)', () => {
    const addresses = open();
    addresses.met(n2, { starts: 2, address: 'said:1' });
    for (const starts of [2 + 1_000_001, Number.MAX_SAFE_INTEGER])
      for (const id of ['n2', 'n3'])
        assert.deepEqual(addresses.told(n3, [{ id, starts, address: 'wrong:1' }]), []);
    assert.deepEqual(addresses.of(n2, 'logged:1'), ['said:1', 'logged:1']);
    const latest = [{ id: 'n2', starts: 2 + maxStartsAhead, address: 'moved:1' }];
    assert.deepEqual(addresses.told(n3, latest), ['n2']);
  });

  it('of a later start count, whoever passes them on (ADDR-2)', () => {
    const addresses = open();
    addresses.met(n2, { starts: 2, address: 'second:1' });
    assert.deepEqual(addresses.told(n3, [{ id: 'n2', starts: 1, address: 'first:1' }]), []);
    assert.deepEqual(addresses.told(n3, [{ id: 'n2', starts: 2, address: 'other:1' }]), []);
    assert.deepEqual(addresses.told(n3, [{ id: 'n2', starts: 3, address: 'third:1' }]), [n2]);
    assert.deepEqual(addresses.of(n2, 'logged:1'), ['third:1', 'second:1', 'logged:1']);
    assert.deepEqual(addresses.toTell(), [{ id: 'n2', starts: 3, address: 'third:1' }]);
  });

  it('that a member said itself are not lost by what others tell, whatever they tell', () => {
    const addresses = open();
    addresses.told(n3, [{ id: 'n2', starts: maxStartsAhead, address: 'wrong:1' }]);
    assert.ok(addresses.met(n2, { starts: 4, address: 'right:1' }));
    assert.deepEqual(addresses.of(n2, 'logged:1'), ['wrong:1', 'right:1', 'logged:1']);
    assert.equal(addresses.met(n2, { starts: 4, address: 'right:1' }), false);
  });

  it('are taken of members, and from members, alone; never of this node itself', () => {
    const addresses = open();
    const told = (id: string): readonly object[] => [{ id, starts: 3, address: 'a:1' }];
    assert.deepEqual(addresses.told(n9, told('n2')), []);
    assert.deepEqual(addresses.told(n2, told('n9')), []);
    assert.deepEqual(addresses.told(n2, told('n1')), []);
    assert.equal(addresses.met(n9, { starts: 3, address: 'a:1' }), false);
    assert.deepEqual(addresses.toTell(), []);
  });

  const nowhere = ['', 'host', 'h:0', 'h:70000', '0.0.0.0:1', '[::]:1', ':1', 'x'.repeat(400), 7];
  it('that nobody could connect to are not taken', () => {
    const addresses = open();
    for (const address of nowhere) {
      assert.equal(addresses.met(n2, { starts: 3, address }), false, String(address));
      assert.deepEqual(addresses.told(n3, [{ id: 'n2', starts: 3, address }]), []);
    }
    for (const starts of [-1, 1.5, '1', undefined])
      assert.equal(addresses.met(n2, { starts, address: 'a:1' }), false, String(starts));
    for (const told of [undefined, {}, 'x', [null], [[]], Array.from({ length: 65 }, () => ({}))])
      assert.deepEqual(addresses.told(n2, told), []);
  });

  it('are bounded: those of former members go first (ADDR-4)', async () => {
    const addresses = open();
    for (let at = 0; at < 100; at++) {
      const id = `former-${String(at)}` as MemberId;
      members.add(id);
      addresses.met(id, { starts: 1, address: 'a:1' });
      if (at > 0) members.delete(id);
    }
    addresses.met(n2, { starts: 1, address: 'a:2' });
    await addresses.settled();
    const { members: kept } = JSON.parse(
      readFileSync(join(folder, 'peer-addresses.json'), 'utf8'),
    ) as { members: object };
    assert.equal(Object.keys(kept).length, 64);
    assert.deepEqual(
      addresses.toTell().map(({ id }) => id),
      ['former-0', 'n2'],
    );
  });
});
