import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../../src/demo/pace.ts';
import { DemoScreen, sparkline } from '../../../src/demo/screen.ts';

function recorder(isTTY: boolean): { written: string; isTTY: boolean; write(text: string): void } {
  return {
    written: '',
    isTTY,
    write(text: string) {
      this.written += text;
    },
  };
}

describe('The screen', () => {
  it('keeps the moving line below the lines that stay', () => {
    const output = recorder(true);
    const screen = new DemoScreen(output, false);
    screen.follow(() => 'moving');
    screen.line('staying');
    screen.rest();
    assert.equal(output.written, '\r\u001b[2Kstaying\nmoving\r\u001b[2K');
  });

  it('writes no control characters where there is no terminal', () => {
    const output = recorder(false);
    const screen = new DemoScreen(output, true);
    screen.follow(() => 'moving');
    screen.line(screen.paint('staying', 'good'));
    screen.rest();
    assert.equal(output.written, 'staying\n');
  });
});

describe('The pace', () => {
  it('counts the last second and leaves silences empty', () => {
    let nowMs = 0;
    const pace = new Pace(() => nowMs);
    for (nowMs = 0; nowMs < 1000; nowMs += 50) pace.add();
    assert.equal(pace.perSecond(), 20);
    nowMs = 1500;
    assert.equal(pace.perSecond(), 10);
    assert.deepEqual(pace.recent().slice(-6), [2, 0, 0, 0, 0, 0]);
    nowMs = 100_000;
    assert.equal(pace.perSecond(), 0);
    assert.equal(pace.count, 20);
  });

  it('is drawn as bars, with a gap where nothing was done', () => {
    assert.equal(sparkline([0, 1, 4, 8]), ' ▂▅█');
  });
});
