/** A recovery key on its way from the folder of a node into the replicated state, and what keeps it from there. */
import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Engine } from '@holdfast/engine';
import { HoldfastError } from '@holdfast/protocol';
import { makeRecoveryKey } from '../../src/recovery.ts';
import { takeRecoveryKey } from '../../src/recovery-key.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const key = { id: 'k0123456789abcdef', hash: 'a'.repeat(64), createdAtMs: 5 };

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-recovery-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** As `makeRecoveryKey` needs it. */
function folderOfNode(t: TestContext): string {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'log'));
  writeFileSync(join(folder, 'identity.json'), '{}');
  return folder;
}

/** An engine that answers as it is told, and what the node says. */
function stage(t: TestContext, text: string | null = JSON.stringify(key)) {
  const folder = folderOf(t);
  if (text !== null) writeFileSync(join(folder, 'recovery-key.json'), text);
  const said: string[] = [];
  const note = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  const answers: (() => object)[] = [];
  const state = { leader: 'n1' as string | null, submitted: 0, files: [] as string[] };
  const engine = {
    status: () => ({ leader: state.leader }),
    submit: () => {
      state.submitted += 1;
      state.files = readdirSync(folder);
      const answer = answers.shift() ?? (() => ({ ok: true, type: 'auth_changed' }));
      return new Promise((resolve) => resolve(answer()));
    },
  } as unknown as Pick<Engine, 'status' | 'submit'>;
  const take = (): void => {
    const end = takeRecoveryKey(folder, engine, { warn: note, error: note });
    t.after(end);
  };
  const saysSo = (wanted: RegExp): Promise<unknown> =>
    untilSo(() => said.some((line) => wanted.test(line)), {
      what: () => `${String(wanted)} in ${said.join('\n')}`,
      pauseMs: 5,
    });
  return { folder, said, answers, state, take, saysSo };
}
const filesAreGone = (folder: string) => (): boolean => readdirSync(folder).length === 0;

describe('a recovery key', () => {
  it('is put into the state once there is a leader, and its file is gone (RECOVER-2)', async (t) => {
    const { folder, state, take, saysSo } = stage(t);
    state.leader = null;
    take();
    assert.equal(state.submitted, 0);
    state.leader = 'n2';
    await saysSo(/is valid for a day/);
    await untilSo(filesAreGone(folder), { pauseMs: 5 });
    assert.equal(state.submitted, 1);
  });

  it('is not found by its name any more when it is put into the state (RECOVER-4)', async (t) => {
    const { state, take, saysSo } = stage(t);
    take();
    await saysSo(/is valid for a day/);
    assert.deepEqual(state.files, ['recovery-key.json.taken']);
  });

  it('is not put there by the next start where the one before ended meanwhile (RECOVER-4)', async (t) => {
    const { folder, state, take, saysSo } = stage(t, null);
    writeFileSync(join(folder, 'recovery-key.json.taken'), JSON.stringify(key));
    take();
    await saysSo(/may be valid or not/);
    await untilSo(filesAreGone(folder), { pauseMs: 5 });
    assert.equal(state.submitted, 0);
  });

  it('is not put there again where the outcome is not known (RECOVER-4)', async (t) => {
    const { folder, answers, state, take, saysSo } = stage(t);
    answers.push(() => {
      throw new HoldfastError('outcome_unknown', 'The leader has gone.');
    });
    take();
    await saysSo(/not known whether|is valid for a day/);
    assert.equal(state.submitted, 1);
    await untilSo(filesAreGone(folder), { pauseMs: 5 });
  });

  it('is tried again where nothing was done, and kept where it is refused', async (t) => {
    const { folder, answers, state, take, saysSo } = stage(t);
    answers.push(
      () => {
        throw new HoldfastError('not_leader', 'There is no leader.');
      },
      () => ({ ok: false, code: 'limit_exceeded', message: 'There are 10000 keys.' }),
    );
    take();
    await saysSo(/not valid yet: There are 10000 keys/);
    await untilSo(() => existsSync(join(folder, 'recovery-key.json')), { pauseMs: 5 });
    assert.equal(state.submitted, 2);
    assert.deepEqual(readdirSync(folder), ['recovery-key.json']);
  });

  it('that is none is told, and not waited for (RECOVER-5)', async (t) => {
    for (const text of ['', '{"id":', '{"id":"k0"}', '[]']) {
      const { state, take, saysSo } = stage(t, text);
      take();
      await saysSo(/no recovery key/);
      assert.equal(state.submitted, 0);
    }
  });

  it('that cannot be read is told, with its path and why (RECOVER-5)', async (t) => {
    const { folder, state, take, saysSo } = stage(t, null);
    mkdirSync(join(folder, 'recovery-key.json')); // Root may read any file.
    take();
    await saysSo(/is not valid[^]*recovery-key\.json could not be read[^]*EISDIR/);
    assert.equal(state.submitted, 0);
  });

  it('whose file cannot be removed when it is valid is not called invalid (RECOVER-5)', async (t) => {
    const { folder, said, answers, take, saysSo } = stage(t);
    answers.push(() => {
      rmSync(join(folder, 'recovery-key.json.taken'));
      mkdirSync(join(folder, 'recovery-key.json.taken'));
      return { ok: true, type: 'auth_changed' };
    });
    take();
    await saysSo(/tried already could not be removed/);
    assert.match(said.join('\n'), /is valid for a day/);
    assert.doesNotMatch(said.join('\n'), /not valid/);
  });

  it('belongs to whom the folder does, where root makes it (RECOVER-5)', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('for root alone');
    const folder = folderOfNode(t);
    chownSync(folder, 1234, 2345);
    await makeRecoveryKey(folder, 5);
    const { uid, gid, mode } = statSync(join(folder, 'recovery-key.json'));
    assert.deepEqual([uid, gid, mode & 0o777], [1234, 2345, 0o600]);
    return undefined;
  });

  for (const [what, isThere] of [
    ['a file', true],
    ['nothing', false],
  ] as const)
    it(`takes the place of a symbolic link to ${what} outside of the folder, which it does not follow (RECOVER-6)`, async (t) => {
      const folder = folderOfNode(t);
      const outside = join(folderOf(t), 'outside');
      if (isThere) writeFileSync(outside, 'as it was', { mode: 0o640 });
      const before = isThere ? statSync(outside) : undefined;
      symlinkSync(outside, join(folder, 'recovery-key.json'));
      if (process.getuid?.() === 0) chownSync(folder, 1234, 2345);
      await makeRecoveryKey(folder, 5);
      assert.equal(existsSync(outside), isThere);
      if (isThere) {
        const { uid, gid, mode } = statSync(outside);
        assert.deepEqual([uid, gid, mode], [before?.uid, before?.gid, before?.mode]);
        assert.equal(readFileSync(outside, 'utf8'), 'as it was');
      }
      assert.ok(lstatSync(join(folder, 'recovery-key.json')).isFile());
      assert.deepEqual(readdirSync(folder).sort(), ['identity.json', 'log', 'recovery-key.json']);
    });

  it('that cannot take its name leaves nothing in the folder, and says why', async (t) => {
    const folder = folderOfNode(t);
    mkdirSync(join(folder, 'recovery-key.json'));
    await assert.rejects(makeRecoveryKey(folder, 5), /recovery-key\.json/);
    assert.deepEqual(readdirSync(folder).sort(), ['identity.json', 'log', 'recovery-key.json']);
  });
});
