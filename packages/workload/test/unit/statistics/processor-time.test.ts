import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { processorMs, watchProcessors } from '../../../src/statistics/processor-time.ts';

const isTold = process.platform === 'linux';

/** Computes until it has used so much processor time, says so, and does nothing from then on. */
const busyProgram = `
  const until = Number(process.argv[1]) * 1000;
  for (;;) {
    const { user, system } = process.cpuUsage();
    if (user + system >= until) break;
  }
  console.log('done');
  setInterval(() => undefined, 1000);
`;

describe('The processor time of other processes', () => {
  it('is what they used, whatever else the machine does', { skip: !isTold }, async () => {
    const busyMs = 400;
    const child = spawn(process.execPath, ['-e', busyProgram, String(busyMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const used = watchProcessors([child.pid ?? assert.fail('it did not start'), process.pid]);
      await once(child.stdout, 'data');
      const [childMs = NaN] = used() ?? assert.fail('it is told');
      // By ticks of 10 ms. What it used before the watch began is part of its own account.
      assert.ok(childMs > busyMs / 4 && childMs < busyMs + 300, String(childMs));
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is not told of a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const used = watchProcessors([child.pid ?? assert.fail('it did not start')]);
    await once(child, 'exit');
    assert.equal(processorMs(child.pid ?? 0), undefined);
    assert.equal(used(), undefined);
  });
});
