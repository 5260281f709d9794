import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Disk } from '../../src/disk.ts';
import { fileDisk, readOnlyDisk } from '../../src/file-disk.ts';
import { lookAtPayloads } from '../../src/look-payloads.ts';
import { PayloadFiles } from '../../src/payload-files.ts';
import { findPayloads } from '../../src/payload-scan.ts';

const settings = { fileBytes: 4096, gatheredBytes: 512, rememberedBytes: 1024 };

it('The look at files of payloads counts what is in them and what is damaged, and changes nothing', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-payloads-'));
  try {
    const logFolder = join(home, 'log');
    assert.deepEqual(await lookAtPayloads(logFolder), []);
    const folder = join(home, 'payloads');
    await mkdir(folder);
    const found = await findPayloads(fileDisk, folder);
    const store = new PayloadFiles(fileDisk, folder, found, settings, {
      onFailure: (error) => assert.fail(String(error)),
    });
    for (let id = 1; id <= 30; id++) store.put(id, Buffer.alloc(300, `payload ${String(id)} `));
    assert.equal(await store.durable(), true);
    await store.close();
    const names = (await readdir(folder)).sort();
    const seen = await lookAtPayloads(logFolder);
    assert.deepEqual(
      seen.map(({ name }) => name),
      names,
    );
    assert.ok(names.length > 1);
    const countOf = (key: 'payloads' | 'damaged', all = seen): number =>
      all.reduce((sum, file) => sum + file[key], 0);
    assert.equal(countOf('payloads'), 30);
    assert.equal(countOf('damaged'), 0);

    const path = join(folder, names[0] ?? '');
    const bytes = await readFile(path);
    bytes.write('XX', bytes.indexOf('payload 2 '));
    await writeFile(path, bytes);
    const damaged = await lookAtPayloads(logFolder);
    assert.equal(countOf('damaged', damaged), 1);
    assert.equal(countOf('payloads', damaged), 30);
    assert.deepEqual(await readFile(path), bytes);

    const broken: Disk = {
      ...readOnlyDisk,
      open: async () => ({
        write: () => Promise.reject(new Error('It is only read.')),
        read: () => Promise.reject(new Error('EIO: i/o error')),
        close: () => Promise.resolve(),
      }),
    };
    const unread = await lookAtPayloads(logFolder, broken);
    assert.deepEqual(
      new Set(unread.map(({ unreadable }) => unreadable)),
      new Set(['EIO: i/o error']),
    );
  } finally {
    await rm(home, { recursive: true });
  }
});
