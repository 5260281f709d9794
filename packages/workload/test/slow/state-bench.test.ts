import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StateReport } from '../../src/state-bench/report.ts';

const program = fileURLToPath(new URL('../../src/state-bench/main.ts', import.meta.url));
const locks = 2000;
const sessions = 4;
const deadlineMs = 120_000;

/** Its temporary files go into the given folder. */
function run(folder: string): Promise<StateReport> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [
        '--conditions=source',
        program,
        '--json',
        '--locks',
        String(locks),
        '--sessions',
        String(sessions),
        '--minutes',
        '2',
      ],
      { timeout: deadlineMs, env: { ...process.env, TMPDIR: folder } },
      (error, output, progress) => {
        if (error === null) resolve(JSON.parse(output) as StateReport);
        else reject(new Error(`${error.message}\n${progress}\n${output}`));
      },
    );
  });
}

describe('The benchmark of a large state, with a small one', () => {
  it('goes through every phase, loses no hold, and leaves nothing behind', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
    t.after(() => rm(folder, { recursive: true, force: true }));

    const report = await run(folder);

    assert.deepEqual(
      report.phases.map(({ name }) => name),
      [
        'load',
        'steady',
        'snapshot',
        'backup',
        'two backups at once',
        'failover (SIGKILL)',
        'start of one node',
        'start of the cluster',
        'end of a session',
        'load of a large session',
        'end of a large session',
      ],
    );
    for (const { name, failed, turns, leader } of report.phases) {
      assert.equal(failed, undefined, name);
      assert.ok(leader !== undefined, name);
      const led = turns[leader];
      assert.ok(led !== undefined && led.longest.wallMs > 0, `${name}: who leads is measured`);
      assert.ok(led.mostOwnMs > 0 && led.mostOwnMs < Infinity, `${name}: its processor time`);
    }
    assert.equal(report.counts.length, 3);
    for (const count of report.counts) {
      assert.equal(count.sessionsActive, sessions, count.after);
      assert.equal(count.holdsHeld, locks, count.after);
      assert.ok(count.locksInCluster >= locks, count.after);
      assert.ok(count.sampled > 0 && count.sampledWrong === 0, count.after);
    }
    assert.deepEqual(await readdir(folder), [], 'its data is gone');
  });
});
