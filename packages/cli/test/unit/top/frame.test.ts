import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printable, widthOf } from '../../../src/printable.ts';
import { composeFrame } from '../../../src/top/frame.ts';
import type { FrameLine, Size } from '../../../src/top/frame.ts';
import { makeReport } from '../../../src/top/report.ts';
import type { Report } from '../../../src/top/report.ts';
import { lockOf, readingAt, statsOf, statusOf } from './readings.ts';

const locks = [
  lockOf('invoices', ['billing-1'], ['billing-2', 'billing-3', 'billing-4', 'billing-5']),
  lockOf('reports/daily', ['cron']),
];
const busy = makeReport(
  readingAt(0),
  readingAt(1, {
    stats: statsOf({ fence_counter: 2234 }),
    counters: { nodeId: 'node-1', commands: 52_345, commits: 9100, commitSeconds: 9.08 },
    locks: { locks, complete: true },
  }),
  undefined,
);
const textOf = (lines: readonly FrameLine[]): string => lines.map((line) => line.text).join('\n');

describe('a frame', () => {
  it('given no size, when it is composed, then all is shown, without control codes', () => {
    assert.equal(
      textOf(composeFrame(busy)),
      `
holdfast top   test   03:04:06Z
leader node-1   term 3   nodes 3, 3 answering
grants 1,234/s   commands 2,345/s   commit 0.8 ms   sessions created 0.0/s   expired 0.0/s
sessions 12   locks held 40   waiters 7

NODE    ROLE    URL                    APPLIED  BEHIND  CONTACT
node-1  leader  http://127.0.0.1:5000    1,200       0  answers
node-2  voter   http://127.0.0.1:5001    1,200       1  answers
node-3  voter   http://127.0.0.1:5002    1,200       2  answers

LOCK           WAITERS  MODE             HELD  FENCE TOKEN  HOLDER     QUEUE
invoices             4  exclusive  1 min 16 s           10  billing-1  billing-2, billing-3, billing-4 +1
reports/daily        0  exclusive  1 min 16 s           10  cron       -
`.trim(),
    );
  });

  const sizes: readonly Size[] = [200, 80, 60, 40, 20, 5, 1].flatMap((columns) =>
    [60, 24, 14, 11, 8, 3, 1].map((rows) => ({ columns, rows })),
  );
  it('given any size, when it is composed, then no line is wider and there are no more lines', () => {
    const long = Array.from({ length: 40 }, (_, number) =>
      lockOf(`a/very/long/name/of/a/lock/日本語/${String(number)}`, ['holder'.repeat(10)], ['w']),
    );
    const report = makeReport(
      undefined,
      readingAt(0, { locks: { locks: long, complete: true } }),
      undefined,
    );
    for (const size of sizes) {
      const frame = composeFrame(report, size);
      const label = JSON.stringify(size);
      assert.ok(frame.length <= size.rows, `${label}: ${String(frame.length)} lines`);
      for (const { text } of frame) assert.ok(widthOf(text) <= size.columns, `${label}: ${text}`);
    }
  });

  it('given few columns, when it is composed, then what matters least is left out and a long name is cut', () => {
    const narrow = textOf(composeFrame(busy, { columns: 40, rows: 24 }));
    assert.match(narrow, /^LOCK +WAITERS +HOLDER +QUEUE$/m);
    assert.match(narrow, /^invoices +4 +billing-1 +bil[^ ]*/m);
    assert.match(narrow, /^NODE +ROLE +APPLIED +BEHIND +CONTACT$/m);
  });

  it('given more locks than rows, when it is composed, then the last line tells how many have no room', () => {
    const many = Array.from({ length: 30 }, (_, number) => lockOf(`lock-${String(number)}`, ['x']));
    const report = (complete: boolean): Report =>
      makeReport(undefined, readingAt(0, { locks: { locks: many, complete } }), undefined);
    const frame = composeFrame(report(true), { columns: 80, rows: 20 });
    assert.equal(frame.length, 20);
    assert.equal(frame.at(-1)?.text, '22 more');
    assert.match(
      composeFrame(report(false), { columns: 80, rows: 20 }).at(-1)?.text ?? '',
      /^22 more, and others: only the first 30 by name were compared$/,
    );
  });

  it('given a node without contact, when it is composed, then its line tells since when, and stands out', () => {
    const reading = readingAt(3725);
    const report = makeReport(
      undefined,
      {
        ...reading,
        answers: new Map([['node-1', statusOf('node-1')]]),
        lastHeard: readingAt(0).lastHeard,
      },
      undefined,
    );
    const line = composeFrame(report, { columns: 120, rows: 24 }).find(({ text }) =>
      text.startsWith('node-2'),
    );
    assert.match(line?.text ?? '', /no contact since 03:04:05Z \(1 h 2 min\)$/);
    assert.equal(line?.look, 'alarm');
  });

  it('given no contact at all, when it is composed, then that is told first, and the stats of then stay', () => {
    const silent = readingAt(9, {
      cluster: undefined,
      answers: new Map(),
      lastHeard: readingAt(1).lastHeard,
    });
    const [, told, leader] = composeFrame(makeReport(readingAt(1), silent, busy));
    assert.equal(
      told?.text,
      'no contact with any node since 03:04:06Z (8 s); what follows is of then',
    );
    assert.equal(leader?.text, 'leader node-1   term 3   nodes 3, 0 answering');
  });

  it('given a name with control characters, when it is composed, then they are not passed on', () => {
    const evil = [lockOf('x\u001b[2J', ['h\u0007'], ['w\n'])];
    const report = makeReport(
      undefined,
      readingAt(0, { locks: { locks: evil, complete: true } }),
      undefined,
    );
    for (const { text } of composeFrame(report)) assert.equal(text, printable(text));
  });
});
