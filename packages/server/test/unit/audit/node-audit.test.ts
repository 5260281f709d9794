/** The audit of one node, on an engine that a test plays. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AuditedRequest } from '@holdfast/api';
import type { Engine } from '@holdfast/engine';
import { endOf } from '../../../src/audit/lines.ts';
import { NodeAudit } from '../../../src/audit/node-audit.ts';
import type { NodeAuditOptions } from '../../../src/audit/node-audit.ts';
import { verifyChain } from '../../../src/audit/verify.ts';
import { FullDisk, newFolder, recordsOf } from './support.ts';

interface Stage {
  readonly audit: NodeAudit;
  readonly fatal: Error[];
  readonly loud: string[];
  readonly submitted: object[];
  readonly folder: string;
}

function stage(t: TestContext, more: Partial<NodeAuditOptions> = {}): Stage {
  const folder = more.folder ?? newFolder(t);
  const fatal: Error[] = [];
  const loud: string[] = [];
  const submitted: object[] = [];
  const audit = new NodeAudit({
    onFailure: 'fail_closed',
    reads: false,
    rotateBytes: 1 << 20,
    keepBytes: 1 << 30,
    keepDays: 0,
    bufferBytes: 2000,
    anchorSeconds: 3600,
    folder,
    clusterId: 'c',
    nodeId: 'n1',
    log: { warn: () => undefined, error: (_fields, text) => loud.push(text) },
    onFatal: (error) => fatal.push(error),
    ...more,
  });
  audit.attach({
    audit: { isOn: true, size: 0, head: '' },
    revision: 5,
    submit: (command: object) => {
      submitted.push(command);
      return Promise.resolve({ ok: true });
    },
  } as Partial<Engine> as Engine);
  t.after(() => audit.close());
  return { audit, fatal, loud, submitted, folder };
}

const refusal = (caller: string): AuditedRequest => ({
  identity: 'anonymous',
  proof: 'none',
  address: caller,
  caller,
  operation: 'authenticate',
  on: [],
  outcome: 'unauthorized',
  isRefused: true,
  changes: false,
});

const memberAdded: AuditedRequest = {
  ...refusal('192.0.2.9'),
  identity: 'operator',
  operation: 'add_member',
  outcome: 'done',
  isRefused: false,
  changes: true,
};

function linesOf(folder: string, chain: string): readonly string[] {
  const within = join(folder, 'audit');
  const names = readdirSync(within).filter((name) => name.startsWith(chain));
  return names.flatMap((name) => readFileSync(join(within, name), 'utf8').trimEnd().split('\n'));
}

describe('with a full disk', () => {
  test('fail_closed: changes are refused from half of the buffer on, and the node ends before it drops one (AUDIT-NODE-1)', async (t) => {
    const disk = new FullDisk();
    disk.isFull = true;
    const { audit, fatal } = stage(t, { openFile: disk.openFile });
    let refusedAt: number | undefined;
    const lines = recordsOf(40);
    for (const [at, line] of lines.entries()) {
      audit.changed([line]);
      if (audit.cannotRecord) refusedAt ??= at;
      if (fatal.length > 0) break;
    }
    assert.ok(refusedAt !== undefined && refusedAt > 2 && refusedAt < 12, String(refusedAt));
    assert.match(String(fatal[0]), /cannot be written, and \d+ bytes wait/);
    assert.equal(audit.status().refusesChanges, true);
    // A snapshot is not finished: what is not written is told again by the log.
    let isDurable = false;
    audit.durable().then(
      () => (isDurable = true),
      () => undefined,
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isDurable, false);
    disk.isFull = false;
  });

  test('fail_open: it goes on, drops what does not fit, says so, and holds up no snapshot', async (t) => {
    const disk = new FullDisk();
    disk.isFull = true;
    const { audit, fatal, loud } = stage(t, { openFile: disk.openFile, onFailure: 'fail_open' });
    for (const line of recordsOf(40)) audit.changed([line]);
    await audit.durable();
    assert.deepEqual(fatal, []);
    assert.equal(audit.cannotRecord, false);
    assert.match(loud[0] ?? '', /cannot be written/);
    const [changes] = audit.status().chains;
    assert.ok(changes !== undefined && changes.dropped > 20 && changes.failedWrites > 0);
    assert.equal(audit.status().isFailing, true);
    await audit.durable();
    disk.isFull = false;
  });
});

test('of a caller that is refused again and again so many records are made, and the number of the rest (AUDIT-NODE-2)', async (t) => {
  const { audit, folder } = stage(t, { bufferBytes: 1 << 20 });
  for (let at = 0; at < 500; at++) audit.tell(refusal('192.0.2.1'));
  audit.tell(refusal('192.0.2.2'));
  await audit.close();
  const [, ...records] = linesOf(folder, 'requests');
  assert.equal(records.length, 52);
  assert.match(
    records.at(-1) ?? '',
    /"refusals_not_recorded","caller":"192\.0\.2\.1".*"count":450/,
  );
});

test('of all callers together so many are recorded, and those with the most of the rest are named (AUDIT-NODE-2, REFUSALS-1)', async (t) => {
  const { audit, folder } = stage(t, { bufferBytes: 1 << 22 });
  for (let caller = 0; caller < 100; caller++)
    for (let at = 0; at < 40 + caller; at++) audit.tell(refusal(`192.0.2.${String(caller)}`));
  await audit.close();
  const [, ...records] = linesOf(folder, 'requests');
  assert.equal(records.length, 500 + 21);
  const rest = records
    .slice(500)
    .map((line) => JSON.parse(line) as { caller: string; count: number });
  assert.deepEqual([rest[0]?.caller, rest.at(-1)?.caller], ['192.0.2.99', '']);
  const all = rest.reduce((sum, { count }) => sum + count, 500);
  assert.equal(all, 100 * 40 + (99 * 100) / 2);
});

test('no number of refusals pushes out the record of a change, or keeps anybody from changing anything (AUDIT-NODE-4)', async (t) => {
  const disk = new FullDisk();
  const { audit, folder } = stage(t, {
    bufferBytes: 1 << 17,
    rotateBytes: 4096,
    keepBytes: 8192,
    openFile: disk.openFile,
  });
  audit.tell(memberAdded);
  for (let caller = 0; caller < 20; caller++)
    for (let at = 0; at < 20; at++) audit.tell(refusal(`192.0.2.${String(caller)}`));
  assert.equal(audit.cannotRecord, false);
  assert.equal(audit.cannotRecordReads, true);
  await audit.close();
  const [, change] = linesOf(folder, 'node');
  assert.match(change ?? '', /"node":"n1","by":"operator".*"operation":"add_member"/);
});

test('a stop says what is not in the files (AUDIT-NODE-5)', async (t) => {
  const disk = new FullDisk();
  disk.isFull = true;
  const { audit, loud } = stage(t, { openFile: disk.openFile });
  audit.changed(recordsOf(3));
  audit.tell(memberAdded);
  await audit.close();
  assert.deepEqual(loud.slice(-2), [
    'The end of the audit is not written. What is missing is written after a restart, from the log.',
    'The end of the audit is not written. These records are lost: they stand in no log.',
  ]);
  disk.isFull = false;
});

test('a checkpoint of what cannot be written is refused, in bounded time', async (t) => {
  const disk = new FullDisk();
  disk.isFull = true;
  const { audit } = stage(t, { openFile: disk.openFile });
  audit.changed(recordsOf(3));
  const signed = audit.checkpoint();
  await audit.close();
  assert.equal(await signed, undefined);
  disk.isFull = false;
});

test('more callers than are told apart are counted together', async (t) => {
  const { audit, folder } = stage(t, { bufferBytes: 1 << 22 });
  for (let at = 0; at < 1200; at++) audit.tell(refusal(`2001:db8:${at.toString(16)}::/64`));
  await audit.close();
  const [, ...records] = linesOf(folder, 'requests');
  assert.match(records.at(-1) ?? '', /"refusals_not_recorded","caller":"".*"count":680/);
});

test('where the chain of the node has come to is logged, once it is durable, and not again while it is the same (AUDIT-NODE-3)', async (t) => {
  const { audit, submitted, folder } = stage(t);
  await audit.anchor();
  assert.deepEqual(submitted, []);
  audit.tell(refusal('192.0.2.1'));
  await audit.anchor();
  const requests = endOf(linesOf(folder, 'requests').at(-1) ?? '');
  const last = linesOf(folder, 'node').at(-1) ?? '';
  const { seq, head } = endOf(last);
  assert.partialDeepStrictEqual(JSON.parse(last), {
    node: 'n1',
    operation: 'anchor_requests',
    size: requests.seq,
    head: requests.head,
  });
  assert.deepEqual(submitted, [{ type: 'anchor_audit', node: 'n1', size: seq, head }]);
  await audit.anchor();
  assert.equal(submitted.length, 1);
});

test('what was dropped is anchored nowhere, and is named though nothing comes after it (AUDIT-NODE-3)', async (t) => {
  const disk = new FullDisk();
  disk.isFull = true;
  const { audit, submitted, folder } = stage(t, { openFile: disk.openFile });
  for (let at = 0; at < 40; at++) audit.tell(memberAdded);
  const [, own] = audit.status().chains;
  assert.ok(own !== undefined && own.dropped > 0);
  disk.isFull = false;
  await audit.anchor();
  assert.partialDeepStrictEqual(submitted, [{ size: own.size }]);
  await audit.close();
  const lines = linesOf(folder, 'node');
  assert.match(lines.at(-1) ?? '', /^\{"gap":"dropped","to":40,/);
  assert.equal(endOf(lines.at(-2) ?? '').seq, own.size);
});

test('fail_closed: nothing stands in the file behind what was refused, and no snapshot is finished with it (AUDIT-NODE-1)', async (t) => {
  const disk = new FullDisk();
  disk.isFull = true;
  const folder = newFolder(t);
  const { audit, fatal } = stage(t, { openFile: disk.openFile, folder });
  const lines = recordsOf(40, undefined, (at) => ({ on: 'x'.repeat(at === 9 ? 1200 : 10) }));
  for (const line of lines.slice(0, 9)) audit.changed([line]);
  assert.equal(fatal.length, 0);
  audit.changed(lines.slice(9, 20));
  audit.changed(lines.slice(20, 30));
  assert.equal(fatal.length, 1);
  disk.isFull = false;
  audit.changed(lines.slice(30, 31));
  let isDurable = false;
  audit.durable().then(
    () => (isDurable = true),
    () => undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(isDurable, false);
  await audit.close();
  const { audit: again } = stage(t, { folder, bufferBytes: 1 << 20 });
  again.changed(lines);
  await again.close();
  const { problem, gaps, records } = await verifyChain(join(folder, 'audit'), 'changes');
  assert.deepEqual({ problem, gaps, records }, { problem: undefined, gaps: [], records: 40 });
});

test('who waits until all is durable is told when the disk works again, though nothing more is told', async (t) => {
  const disk = new FullDisk();
  const { audit } = stage(t, {
    openFile: async (path) => {
      const file = await disk.openFile(path);
      return {
        ...file,
        datasync: () => (disk.isFull ? Promise.reject(new Error('EIO')) : file.datasync()),
      };
    },
  });
  audit.changed(recordsOf(2));
  await new Promise((resolve) => setTimeout(resolve, 100));
  disk.isFull = true;
  const durable = audit.durable();
  await new Promise((resolve) => setTimeout(resolve, 100));
  disk.isFull = false;
  await durable;
});
