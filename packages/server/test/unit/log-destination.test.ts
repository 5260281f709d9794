/** What becomes of lines of the log that cannot be written. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { LogDestination } from '../../src/log-destination.ts';
import { textLines } from '../../src/text-log.ts';

const failing = (code: string): Error => Object.assign(new Error(code), { code });

/** Takes so many bytes of each write; an error instead where there is one. */
class Output {
  text = '';
  pausedMs = 0;
  nowMs = 0;
  /** What the next writes do. */
  readonly next: (Error | number)[] = [];
  always: Error | undefined;

  readonly write = (bytes: Uint8Array): number => {
    const does = this.always ?? this.next.shift() ?? bytes.length;
    if (does instanceof Error) throw does;
    this.text += Buffer.from(bytes.subarray(0, does)).toString();
    return Math.min(does, bytes.length);
  };

  readonly pause = (ms: number): void => {
    this.pausedMs += ms;
    this.nowMs += ms;
  };

  readonly now = (): number => this.nowMs;
}

describe('a line of the log', () => {
  for (const code of ['ENOSPC', 'EIO', 'EDQUOT', 'EPIPE', 'EBADF'])
    it(`that cannot be written (${code}) is counted, throws nothing, and the next one is tried (LOG-LINES-1)`, () => {
      const output = new Output();
      const destination = new LogDestination(output);
      const logs = [pino({}, destination), pino({}, textLines(destination))];
      output.always = failing(code);
      for (const log of logs)
        for (const level of ['warn', 'fatal'] as const)
          assert.doesNotThrow(() => log[level]('lost'));
      assert.equal(destination.lostLines, 4);
      output.always = undefined;
      for (const log of logs) log.warn('is there');
      assert.equal(output.text.match(/is there/g)?.length, 2);
      assert.doesNotMatch(output.text, /lost/);
      assert.equal(destination.lostLines, 4);
    });

  it('waits for a reader once, for a bounded time, and again when it has read (LOG-LINES-2)', () => {
    const output = new Output();
    const destination = new LogDestination(output);
    output.always = failing('EAGAIN');
    destination.write('a\n');
    const { pausedMs } = output;
    assert.ok(pausedMs > 0 && pausedMs <= 1000, String(pausedMs));
    destination.write('b\n');
    assert.equal(output.pausedMs, pausedMs);
    assert.equal(destination.lostLines, 2);
    output.always = undefined;
    destination.write('c\n');
    output.nowMs += 10_000;
    output.next.push(failing('EAGAIN'));
    destination.write('d\n');
    assert.equal(output.text, 'c\nd\n');
    assert.ok(output.pausedMs > pausedMs);
  });

  it('waits for a slow reader no longer, though each line gets through after a wait (LOG-LINES-2)', () => {
    const output = new Output();
    const destination = new LogDestination(output);
    const line = 'a line\n';
    const busyOnceEach = (): void => {
      for (let lines = 0; lines < 50; lines += 1) {
        output.next.push(failing('EAGAIN'), line.length);
        destination.write(line);
      }
      // A line that was lost left what was to become of it.
      output.next.length = 0;
    };
    busyOnceEach();
    const first = output.pausedMs;
    assert.ok(first >= 100 && first <= 210, String(first));
    const written = output.text.length / line.length;
    assert.ok(destination.lostLines > 0);
    assert.equal(written + destination.lostLines, 50);
    output.nowMs += 10_000;
    busyOnceEach();
    const second = output.pausedMs - first;
    assert.ok(second >= 100 && second <= 210, String(second));
  });

  it('that was cut short does not spoil the next one (LOG-LINES-3)', () => {
    const output = new Output();
    const destination = new LogDestination(output);
    output.next.push(3, failing('ENOSPC'));
    destination.write('cut short\n');
    output.next.push(2, 4);
    destination.write('whole\n');
    destination.write('next\n');
    assert.equal(output.text, 'cut\nwhole\nnext\n');
    assert.equal(destination.lostLines, 1);
  });
});
