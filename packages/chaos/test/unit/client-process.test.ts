import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ClientProcess } from '../../src/clients/client-process.ts';
import { readLines } from '../../src/clients/lines.ts';

describe('A process of a client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-client-process-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is told at each start what is so by then', async () => {
    let nodes: readonly string[] = [];
    const client = new ClientProcess({
      name: 'one',
      folder,
      program: new URL('./support/telling-process', import.meta.url),
      environment: () => ({ CHAOS_SET: JSON.stringify({ nodes }) }),
    });
    for (nodes of [['a', 'b'], ['c']]) {
      await client.start();
      await client.kill();
    }
    assert.deepEqual(
      client.journals().flatMap(({ path }) => readLines(path)),
      [{ nodes: ['a', 'b'] }, { nodes: ['c'] }],
    );
  });

  it('has not started where it ends before it ran', async () => {
    const client = new ClientProcess({
      name: 'two',
      folder,
      program: new URL('./support/telling-process', import.meta.url),
      environment: () => ({ CHAOS_SET: '{"fails":true}' }),
    });
    await assert.rejects(client.start(), /two ended before it ran/);
    assert.equal(client.runs, false);
  });
});
