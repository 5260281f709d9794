import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, mock } from 'node:test';
import { spawn } from 'node:child_process';
import { measureProcessors } from '../../../src/bench/processors.ts';

const node = (nodeId: string, pid: number | undefined) => ({
  nodeId,
  url: '',
  grpcAddress: '',
  folder: '',
  pid,
});

describe('The processor time of a cycle', () => {
  it(
    'is told of the leader, each follower and the client',
    { skip: process.platform !== 'linux' },
    async () => {
      const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
      const otherPid = other.pid ?? assert.fail('it did not start');
      mock.timers.enable({ apis: ['setTimeout'] });
      try {
        const nodes = [node('a', otherPid), node('b', process.pid), node('c', otherPid)];
        const measure = measureProcessors({ nodes }, 'b', { warmUpMs: 1000, measureMs: 1000 });
        measure.start(otherPid);
        assert.equal(measure.ofCycle(100), null, 'not before it has been measured');
        mock.timers.tick(1250);
        const busyUntil = process.cpuUsage().user + 100_000;
        while (process.cpuUsage().user < busyUntil);
        mock.timers.tick(500);
        const told = measure.ofCycle(100) ?? assert.fail('it is told');
        assert.equal(told.followers.length, 2);
        const others = [...told.followers, told.client];
        assert.ok(
          others.every((micros) => micros >= 0 && micros < told.leader),
          JSON.stringify(told),
        );
      } finally {
        mock.timers.reset();
        other.kill('SIGKILL');
        await once(other, 'exit');
      }
    },
  );

  it('is not told of a window that is too short', () => {
    const nodes = [node('a', process.pid)];
    const measure = measureProcessors({ nodes }, 'a', { warmUpMs: 0, measureMs: 500 });
    measure.start(process.pid);
    assert.equal(measure.ofCycle(100), null);
  });
});
