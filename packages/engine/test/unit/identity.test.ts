import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { claimFolder, recordLog } from '../../src/identity.ts';

const wanted = { clusterId: 'c', nodeId: 'a', initialMembers: [], joined: false };

describe('The identity of a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-identity-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const onDisk = (): unknown => JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8'));

  it('names a log, which is made when it is recorded, and stays the same one (IDENTITY-2)', () => {
    const first = claimFolder(folder, wanted);
    assert.match(first.log.id, /^[0-9a-f]{32}$/);
    assert.equal(first.log.made, false);
    assert.deepEqual(claimFolder(folder, wanted), first);
    recordLog(folder, first, { starts: 1, frames: 1 });
    assert.deepEqual(claimFolder(folder, wanted), {
      ...first,
      log: { id: first.log.id, made: true, starts: 1, frames: 1 },
    });
  });

  it('of the format before stays as it is until its log was converted', () => {
    const former = { formatVersion: 1, incarnation: 'i', ...wanted };
    writeFileSync(join(folder, 'identity.json'), JSON.stringify(former));
    const found = claimFolder(folder, wanted);
    assert.equal(found.formatVersion, 1);
    assert.equal(found.log.made, false);
    assert.deepEqual(onDisk(), former);
    recordLog(folder, found, { starts: 1, frames: 4 });
    assert.deepEqual(onDisk(), {
      ...former,
      formatVersion: 2,
      log: { id: found.log.id, made: true, starts: 1, frames: 4 },
    });
  });

  it('without a log id, or with one that is none, is not read', () => {
    const many = { id: '00'.repeat(16), made: true, starts: 'many' };
    for (const log of [undefined, {}, { id: 'x', made: true }, { id: '00'.repeat(16) }, many]) {
      const text = JSON.stringify({ formatVersion: 2, incarnation: 'i', ...wanted, log });
      writeFileSync(join(folder, 'identity.json'), text);
      assert.throws(() => claimFolder(folder, wanted), /not an identity/);
    }
  });
});
