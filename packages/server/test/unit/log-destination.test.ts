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
  };
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
    output.next.push(failing('EAGAIN'));
    destination.write('d\n');
    assert.equal(output.text, 'c\nd\n');
    assert.ok(output.pausedMs > pausedMs);
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
