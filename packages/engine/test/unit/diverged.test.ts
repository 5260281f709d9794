import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { stopDiverged } from '../../src/consistency-check.ts';
import { markDiverged, refuseDiverged } from '../../src/identity.ts';
import { createRaftEngine } from '../../src/index.ts';
import { oneNode } from '../one-node.ts';

const wrong = new Error('The state of this node differs.');

describe('A node whose state is wrong (DIGEST-5)', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-diverged-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('notes that in its folder, and then stops', () => {
    const told: string[] = [];
    stopDiverged(wrong, (error) => markDiverged(folder, error), {
      log: { error: (_fields, message) => told.push(message) },
      onFatal: ({ message }) => {
        assert.match(readFileSync(join(folder, 'diverged.json'), 'utf8'), /differs/);
        told.push(message);
      },
    });
    assert.deepEqual(told, [wrong.message]);
  });

  it('stops where the disk refuses the note, too, and says so', () => {
    const told: string[] = [];
    stopDiverged(wrong, (error) => markDiverged(join(folder, 'none'), error), {
      log: { error: (_fields, message) => told.push(message) },
      onFatal: ({ message }) => told.push(message),
    });
    assert.equal(told.length, 2);
    assert.match(told[0] ?? '', /could not be noted/);
    assert.equal(told[1], wrong.message);
  });

  it('does not start again: not by the same folder, and not by one whose note is damaged', async () => {
    const engine = await createRaftEngine(oneNode(folder));
    await engine.close();
    markDiverged(folder, wrong);
    // Twice: the refusal gives the folder back
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(createRaftEngine(oneNode(folder)), /holds a wrong state: .* differs/);
    for (const text of ['', '{', 'null', '{}']) {
      writeFileSync(join(folder, 'diverged.json'), text);
      assert.throws(() => refuseDiverged(folder), /diverged.json/, text);
    }
    rmSync(join(folder, 'diverged.json'));
    refuseDiverged(folder);
  });
});
