import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { claimFolder, recordLog } from '../../src/identity.ts';
import { createRaftEngine } from '../../src/index.ts';
import { makePeerFiles } from '../../src/peer-files.ts';
import { oneNode } from '../one-node.ts';
import { incarnationOf } from './peer-nodes.ts';

const wanted = { clusterId: 'c', nodeId: 'a', initialMembers: [], joined: false };
const names = ['known-peers.json', 'peer-runs.json'];

describe('What a node has written down of its peers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-peer-files-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const pathOf = (name: string): string => join(folder, name);
  /** What a start does before the log is opened, and after. */
  const start = (): void => {
    const identity = makePeerFiles(folder, claimFolder(folder, wanted));
    recordLog(folder, identity, { starts: 1, frames: 1 });
  };

  for (const name of names)
    it(`does not start without it, and says what to do: ${name} (IDENTITY-5)`, () => {
      start();
      assert.equal(readFileSync(pathOf(name), 'utf8'), '{}\n');
      start();
      rmSync(pathOf(name));
      // Twice: the refusal must not have made one
      for (let attempt = 0; attempt < 2; attempt++)
        assert.throws(
          start,
          (error) =>
            error instanceof Error &&
            error.name === 'PeersForgottenError' &&
            error.message.startsWith(`${pathOf(name)} is not there`) &&
            /as a learner, under a new id with an empty folder/.test(error.message),
        );
      assert.equal(existsSync(pathOf(name)), false);
      writeFileSync(pathOf(name), '{}');
      start();
    });

  it('is made where the identity does not say that it was: a start that ended between, a folder of an older version', () => {
    // Given an identity of an older version, one of whose files was never written
    const known = `{"n2":"${incarnationOf(2)}"}`;
    const identity = claimFolder(folder, wanted);
    recordLog(folder, identity, { starts: 1, frames: 1 });
    writeFileSync(pathOf('known-peers.json'), known);
    // When it starts, and ends before that is recorded
    makePeerFiles(folder, claimFolder(folder, wanted));
    rmSync(pathOf('peer-runs.json'));
    start();
    // Then what it knew is there
    assert.equal(readFileSync(pathOf('known-peers.json'), 'utf8'), known);
    assert.equal(readFileSync(pathOf('peer-runs.json'), 'utf8'), '{}\n');
  });

  it('stays recorded while the node serves and when it stops', async () => {
    const engine = await createRaftEngine(oneNode(folder));
    await engine.close();
    rmSync(pathOf('known-peers.json'));
    await assert.rejects(createRaftEngine(oneNode(folder)), { name: 'PeersForgottenError' });
    writeFileSync(pathOf('known-peers.json'), '{}');
    const again = await createRaftEngine(oneNode(folder));
    await again.close();
  });
});
