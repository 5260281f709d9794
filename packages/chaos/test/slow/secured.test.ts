import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { report, runChaos } from '../../src/index.ts';

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
});
