/** A file of the log that is longer than any segment (SEG-9). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageDamagedError } from '../../src/index.ts';
import { logIdBytes } from '../../src/parts.ts';
import type { Disk } from '../../src/parts.ts';
import { lookAtSegments } from '../../src/look-segments.ts';
import { recoverLog } from '../../src/recover.ts';
import { logId, LogInMemory, segmentPath } from '../log-in-memory.ts';

describe('A segment of a length that none has', () => {
  const disk: Disk = {
    ...new LogInMemory().disk(),
    open: () => assert.fail('memory is asked for'),
  };
  const files = [{ name: '000000000001.segment', byteLength: 2 ** 40, isFolder: false }];

  it('is refused by its name, and not read', async () => {
    await assert.rejects(
      recoverLog(disk, '/n/log', files, logIdBytes(logId)),
      (error) =>
        error instanceof StorageDamagedError &&
        error.file === segmentPath(1) &&
        /1099511627776 bytes/.test(error.message),
    );
  });

  it('is named as damaged by who looks', async () => {
    const [seen] = await lookAtSegments(disk, '/n/log', files);
    assert.match(seen?.damage ?? '', /1099511627776 bytes/);
  });
});
