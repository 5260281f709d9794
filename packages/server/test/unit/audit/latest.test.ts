/** The end of a chain, as it is shown. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { latestRecords } from '../../../src/audit/latest.ts';
import { newFolder, recordsOf, writerIn } from './support.ts';

/** Files with so many records. */
async function written(t: TestContext, count: number, rotateBytes = 1 << 20): Promise<string> {
  const folder = newFolder(t);
  const writer = writerIn(folder, { rotateBytes });
  for (const line of recordsOf(count)) {
    writer.add(line);
    if (rotateBytes < 1000) await writer.durable();
  }
  await writer.durable();
  await writer.close();
  return folder;
}

const lastFile = (folder: string): string => join(folder, readdirSync(folder).sort().at(-1) ?? '');

describe('The latest records of a chain', () => {
  test('are the last ones, newest first, with what they tell', async (t) => {
    const folder = await written(t, 30);
    const { records, isWhole } = await latestRecords(folder, 'changes', 3);
    assert.ok(isWhole);
    assert.deepEqual(
      records.map(({ seq, operation, on, by }) => ({ seq, operation, on, by })),
      [30, 29, 28].map((seq) => ({
        seq,
        operation: 'acquire',
        on: [`lock/${String(seq)}`],
        by: '',
      })),
    );
  });

  test('go on in the file before where the last one has few', async (t) => {
    const folder = await written(t, 7, 400);
    assert.ok(readdirSync(folder).length > 1);
    const { records, isWhole } = await latestRecords(folder, 'changes', 3);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [7, 6, 5],
    );
    assert.ok(isWhole);
  });

  test('are none of a line that is being written, and of a chain without files', async (t) => {
    const folder = await written(t, 2);
    appendFileSync(lastFile(folder), '{"seq":3,"operation":"acq');
    const { records } = await latestRecords(folder, 'changes', 10);
    assert.equal(records[0]?.seq, 2);
    assert.deepEqual(await latestRecords(folder, 'node', 10), { records: [], isWhole: true });
  });

  test('show that one was altered', async (t) => {
    const folder = await written(t, 5);
    const path = lastFile(folder);
    writeFileSync(path, readFileSync(path, 'utf8').replace('lock/4', 'lock/9'));
    assert.equal((await latestRecords(folder, 'changes', 3)).isWhole, false);
  });
});
