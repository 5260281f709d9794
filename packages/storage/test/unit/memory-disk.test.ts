/** The disk in memory, on which the simulators rest. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryFiles } from '../../src/parts.ts';

/** Of a write that is under way when its process ends, all is there. */
const allOfIt = { below: (): number => 1 };
const path = '/n/log/000000000001.segment';

describe('A process that has ended', () => {
  it('leaves nothing of what the rest of its turn asks for, whichever process ends later (MD-4)', async () => {
    const files = new MemoryFiles();
    files.put(path, Buffer.alloc(8));
    let isAlive = true;
    const ended = files.disk({
      now: () => 0,
      later: (_, act) => {
        if (isAlive) act();
      },
    });
    const file = await ended.open(path);
    isAlive = false;
    files.endProcess(allOfIt);
    void file.write(Buffer.alloc(8, 1), 0);
    const next = files.disk({ now: () => 0, later: (_, act) => act() });
    await (await next.open(path)).write(Buffer.alloc(8, 2), 0);
    files.endProcess(allOfIt);
    assert.deepEqual(files.bytes(path), Buffer.alloc(8, 2));
  });

  it('leaves what was under way (MD-1)', async () => {
    const files = new MemoryFiles();
    files.put(path, Buffer.alloc(8));
    let isAlive = true;
    const disk = files.disk({
      now: () => 0,
      later: (_, act) => {
        if (isAlive) act();
      },
    });
    const file = await disk.open(path);
    isAlive = false;
    void file.write(Buffer.alloc(8, 1), 0);
    files.endProcess(allOfIt);
    assert.deepEqual(files.bytes(path), Buffer.alloc(8, 1));
  });
});
