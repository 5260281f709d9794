import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCacheChaos } from '../../src/cache/cache-run.ts';
import { report, runChaos, runQueueChaos, runQuorumChaos } from '../../src/index.ts';

describe('Real processes in trouble, with TLS and keys,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-secured-chaos-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('keep every promise, and grant nothing to a key that is revoked', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const outcome = await runChaos({
      folder: join(folder, 'run'),
      nodes: 3,
      clients: 3,
      seed,
      seconds: 6,
      isSecured: true,
      only: ['isolate leader', 'damaged log', 'kill -9 leader'],
      tell: (line) => context.diagnostic(line),
    });
    const { text, kept } = report(`seed ${String(seed)}`, outcome);
    assert.ok(kept, text);
    assert.match(text, /keys +[1-9][0-9]* made and revoked/);
  });

  it('deliver messages as they promise', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const { violations, acknowledged, inFlight, notes } = await runQueueChaos({
      folder: join(folder, 'queue'),
      store: 'replicated',
      nodes: 3,
      seed,
      seconds: 6,
      isSecured: true,
      tell: (line) => context.diagnostic(line),
    });
    assert.deepEqual(violations, [], `seed ${String(seed)}`);
    assert.ok(acknowledged > 0);
    assert.ok(inFlight.length > 0 && inFlight.every((count) => count > 0), inFlight.join());
    assert.match(notes.join(), /keys +[1-9][0-9]* made and revoked/);
  });

  it('tell nothing stale of a cache', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const { violations, reads, writes, held, notes } = await runCacheChaos({
      folder: join(folder, 'cache'),
      nodes: 3,
      clients: 3,
      seed,
      seconds: 6,
      isSecured: true,
      tell: (line) => context.diagnostic(line),
    });
    assert.deepEqual(violations, [], `seed ${String(seed)}`);
    assert.ok(reads > 0 && writes > 0 && held > 0);
    assert.match(notes.join(), /keys +[1-9][0-9]* made and revoked/);
  });

  it('of a quorum keep every promise', async (context) => {
    const seed = Math.floor(Math.random() * 1e9);
    const outcome = await runQuorumChaos({
      folder: join(folder, 'quorum'),
      clients: 3,
      seed,
      seconds: 6,
      isSecured: true,
      only: ['kill -9 majority', 'lost file', 'change of set'],
      tell: (line) => context.diagnostic(line),
    });
    const { text, kept } = report(`seed ${String(seed)}`, outcome);
    assert.ok(kept, text);
  });
});
