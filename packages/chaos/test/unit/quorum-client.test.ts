import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readLines } from '../../src/clients/lines.ts';
import { QuorumClient } from '../../src/quorum/quorum-client.ts';

describe('A client of the quorum', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-client-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('names the set that it was told last, also when it was killed and is started again', async () => {
    const first = { epoch: 1, members: ['http://a:1', 'http://b:1', 'http://c:1'] };
    const second = { epoch: 2, members: ['http://a:1', 'http://d:1', 'http://e:1'] };
    const program = new URL('./support/telling-process', import.meta.url);
    const client = new QuorumClient(
      { name: 'one', folder, program, environment: () => ({}) },
      first,
    );
    for (const told of [undefined, second]) {
      if (told !== undefined) client.use(told);
      await client.start();
      await client.kill();
    }
    assert.deepEqual(
      client.journals().flatMap(({ path }) => readLines(path)),
      [first, second],
    );
  });
});
