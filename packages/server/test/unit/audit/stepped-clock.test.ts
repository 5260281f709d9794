/** The audit while somebody sets the clock of the machine. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { AuditedRequest } from '@holdfast/api';
import type { Engine } from '@holdfast/engine';
import { NodeAudit } from '../../../src/audit/node-audit.ts';
import { untilSo } from '../../../../checker/src/waits.ts';
import { FullDisk, newFolder, recordsOf, writerIn } from './support.ts';

const hourMs = 3_600_000;

/** The monotonic clock of a test, and a wall clock that it sets. */
class Clocks {
  nowMs = 0;
  #steppedMs = 0;

  constructor(t: TestContext) {
    const wallNow = Date.now.bind(Date);
    t.mock.method(Date, 'now', () => wallNow() + this.#steppedMs);
  }

  readonly now = (): number => this.nowMs;

  step(ms: number): void {
    this.#steppedMs += ms;
  }
}

const memberAdded: AuditedRequest = {
  identity: 'operator',
  proof: 'none',
  address: '192.0.2.9',
  caller: '192.0.2.9',
  operation: 'add_member',
  on: [],
  outcome: 'done',
  isRefused: false,
  changes: true,
};

describe('given that the wall clock is set (AUDIT-FILE-7)', () => {
  for (const stepMs of [hourMs, -hourMs])
    it(`by ${String(stepMs)} ms, a disk that hangs is waited for as long as before`, (t) => {
      const clocks = new Clocks(t);
      const writer = writerIn(newFolder(t), { now: clocks.now, bufferBytes: 1000 });
      const lines = recordsOf(100);
      for (let at = 0; writer.bufferedBytes < 750; at++) writer.add(lines[at] ?? '');
      assert.equal(writer.isBehind, true);
      clocks.step(stepMs);
      clocks.nowMs = 1999;
      assert.equal(writer.isBehind, true);
      clocks.nowMs = 2000;
      assert.equal(writer.isBehind, false);
      t.after(() => writer.close());
    });

  it('back, what was written is made durable after a second all the same', async (t) => {
    const clocks = new Clocks(t);
    const writer = writerIn(newFolder(t), { now: clocks.now });
    t.after(() => writer.close());
    writer.addEntry(recordsOf(1));
    await writer.flush();
    assert.ok(writer.bufferedBytes > 0);
    clocks.step(-hourMs);
    clocks.nowMs = 1000;
    await writer.flush();
    assert.equal(writer.bufferedBytes, 0);
  });
});

describe('given that the wall clock is set (AUDIT-FILE-9)', () => {
  const dayMs = 24 * hourMs;
  const stage = async (t: TestContext) => {
    const clocks = new Clocks(t);
    const folder = newFolder(t);
    const told: number[] = [];
    const writer = writerIn(folder, {
      now: clocks.now,
      rotateBytes: 300,
      keepMs: 30 * dayMs,
      onClockStep: (stepMs) => told.push(stepMs),
    });
    t.after(() => writer.close());
    for (const line of recordsOf(10)) {
      writer.add(line);
      await writer.flush();
    }
    const pass = async (ms: number): Promise<number> => {
      clocks.nowMs += ms;
      clocks.step(ms);
      await writer.clearUp();
      return readdirSync(folder).length;
    };
    return { clocks, told, pass, before: readdirSync(folder).length };
  };

  for (const stepMs of [365 * dayMs, -365 * dayMs])
    it(`by ${String(stepMs)} ms, no file is deleted by its age for a day, and that is told`, async (t) => {
      const { clocks, told, pass, before } = await stage(t);
      clocks.step(stepMs);
      assert.equal(await pass(hourMs), before);
      assert.equal(told.length, 1);
      assert.ok(Math.abs((told[0] ?? 0) - stepMs) < 60_000);
      assert.equal(await pass(22 * hourMs), before);
      assert.equal(told.length, 1);
    });

  it('forward for long, files go one at a time', async (t) => {
    const { clocks, pass, before } = await stage(t);
    clocks.step(365 * dayMs);
    assert.equal(await pass(hourMs), before);
    assert.equal(await pass(25 * hourMs), before - 1);
    assert.equal(await pass(hourMs), before - 2);
  });

  it('not at all, a file that is too old goes', async (t) => {
    const { told, pass, before } = await stage(t);
    assert.equal(await pass(29 * dayMs), before);
    assert.equal(await pass(2 * dayMs), before - 1);
    assert.deepEqual(told, []);
  });
});

describe('given that the wall clock is set (AUDIT-NODE-6)', () => {
  const stage = (t: TestContext) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const clocks = new Clocks(t);
    const disk = new FullDisk();
    const submitted: object[] = [];
    const loud: string[] = [];
    const audit = new NodeAudit({
      onFailure: 'fail_closed',
      reads: false,
      rotateBytes: 1 << 20,
      keepBytes: 1 << 30,
      keepDays: 0,
      bufferBytes: 1 << 20,
      anchorSeconds: 60,
      folder: newFolder(t),
      clusterId: 'c',
      nodeId: 'n1',
      log: { warn: () => undefined, error: (_fields, text) => loud.push(text) },
      onFatal: assert.fail,
      openFile: disk.openFile,
      now: clocks.now,
    });
    const engine: Partial<Engine> = {
      audit: { isOn: true, size: 0, head: '' },
      revision: 5,
      submit: (command: object) => {
        submitted.push(command);
        return Promise.resolve({ ok: true } as never);
      },
    };
    audit.attach(engine as Engine);
    t.after(() => audit.close());
    return { audit, clocks, disk, loud, submitted, tick: () => t.mock.timers.tick(1000) };
  };

  it('an anchor is told once a minute, neither later nor earlier', async (t) => {
    const { audit, clocks, submitted, tick } = stage(t);
    audit.tell(memberAdded);
    clocks.step(2 * hourMs);
    tick();
    await setImmediate(); // What such an anchor tells is read by then.
    audit.tell(memberAdded);
    clocks.step(-4 * hourMs);
    clocks.nowMs = 60_000;
    tick();
    const isTold = () => submitted.length > 0;
    await untilSo(isTold, { what: 'an anchor is told', longestMs: 5000, pauseMs: 5 });
    assert.deepEqual(
      submitted.map((command) => (command as { readonly size: number }).size),
      [2],
    );
  });

  it('back, what goes wrong is said as often as before, and at once the first time', async (t) => {
    const { audit, clocks, disk, loud } = stage(t);
    disk.isFull = true;
    audit.tell(memberAdded);
    const isSaid = (times: number) => () => loud.length === times;
    await untilSo(isSaid(1), { what: 'it is said', longestMs: 5000, pauseMs: 5 });
    clocks.step(-hourMs);
    clocks.nowMs = 10_000;
    await untilSo(isSaid(2), { what: 'it is said again', longestMs: 10_000, pauseMs: 5 });
  });
});
