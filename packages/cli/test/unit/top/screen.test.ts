import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { Screen } from '../../../src/top/screen.ts';

class Terminal extends EventEmitter {
  columns = 40;
  rows = 5;
  written = '';
  readonly isTTY = true;
  readonly rawModes: boolean[] = [];
  reading = false;

  write(text: string): void {
    this.written += text;
  }
  setRawMode(raw: boolean): void {
    this.rawModes.push(raw);
  }
  resume(): void {
    this.reading = true;
  }
  pause(): void {
    this.reading = false;
  }
}

function open(colours = false) {
  const terminal = new Terminal();
  const told: string[] = [];
  const screen = new Screen(
    { out: terminal, in: terminal },
    { quit: () => told.push('quit'), resize: () => told.push('resize') },
    colours,
  );
  return { terminal, told, screen };
}

describe('the screen', () => {
  it('given a terminal, when the screen is closed, then cursor, usual screen and keyboard are back, once (SCREEN-1)', () => {
    const { terminal, screen } = open();
    assert.equal(terminal.written, '\u001b[?1049h\u001b[?25l');
    assert.ok(terminal.reading);
    terminal.written = '';
    screen[Symbol.dispose]();
    screen[Symbol.dispose]();
    screen.draw([{ text: 'late', look: 'plain' }]);
    assert.equal(terminal.written, '\u001b[?25h\u001b[?1049l');
    assert.deepEqual(terminal.rawModes, [true, false]);
    assert.equal(terminal.reading, false);
    assert.equal(terminal.listenerCount('resize') + terminal.listenerCount('data'), 0);
  });

  it('given a process that ends without closing it, when it exits, then the terminal is back all the same (SCREEN-1)', () => {
    const before = process.listeners('exit');
    const { terminal } = open();
    const [restore] = process.listeners('exit').filter((listener) => !before.includes(listener));
    restore?.(0);
    assert.ok(terminal.written.endsWith('\u001b[?25h\u001b[?1049l'));
    assert.deepEqual(process.listeners('exit'), before);
  });

  it('given keys, when one of them is q, Q, Ctrl-C or Ctrl-D, then it is told; others are not', () => {
    const { terminal, told, screen } = open();
    for (const key of ['a', '\u001b[A', ' ']) terminal.emit('data', Buffer.from(key));
    assert.deepEqual(told, []);
    for (const key of ['q', 'Q', '\u0003', '\u0004']) terminal.emit('data', Buffer.from(key));
    assert.deepEqual(told, ['quit', 'quit', 'quit', 'quit']);
    screen[Symbol.dispose]();
  });

  it('given a frame, when it is drawn, then it is written over the last one without scrolling', () => {
    const { terminal, told, screen } = open();
    terminal.written = '';
    const line = (text: string) => ({ text, look: 'plain' as const });
    screen.draw(['a1', 'b1', 'c1', 'd1', 'e1', 'f1'].map(line));
    assert.match(terminal.written, /\[Ha1[^]*\r\n[^]*e1/);
    assert.ok(!terminal.written.includes('f1'));
    assert.equal(terminal.written.split('\n').length, 5);
    terminal.rows = 2;
    terminal.emit('resize');
    assert.deepEqual(told, ['resize']);
    assert.deepEqual(screen.size, { columns: 40, rows: 2 });
    screen[Symbol.dispose]();
  });

  it('given no wish for colours, when an alarm is drawn, then it has none', () => {
    for (const colours of [true, false]) {
      const { terminal, screen } = open(colours);
      screen.draw([{ text: 'x', look: 'alarm' }]);
      assert.equal(terminal.written.includes('\u001b[1;31m'), colours);
      screen[Symbol.dispose]();
    }
  });
});
