/** Another language's ordinary tool makes a client from proto/, and it takes a lock. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadDefinitions, serviceFiles, protoFolder } from '../../../src/grpc/definitions.ts';
import { startApi } from '../../../src/index.ts';
import { MemoryEngine } from '../../memory-engine.ts';

const run = promisify(execFile);
const timeout = 60_000;

/** A Python that has grpcio-tools: the one that scripts/install-test-programs.sh made, or the machine's. */
async function findPython(): Promise<string | undefined> {
  const own = fileURLToPath(
    new URL('../../../../../.cache/grpc-python/bin/python', import.meta.url),
  );
  for (const python of [...(existsSync(own) ? [own] : []), 'python3']) {
    try {
      await run(python, ['-c', 'import grpc, grpc_tools.protoc'], { timeout });
      return python;
    } catch {
      // Not there, or without the tools.
    }
  }
  return undefined;
}

test('given stubs that Python made of the protos, then its client takes a lock with a fence token', async (t) => {
  const python = await findPython();
  if (python === undefined) {
    t.skip('There is no Python with grpcio-tools; scripts/install-test-programs.sh installs it.');
    return;
  }
  const stubs = mkdtempSync(join(tmpdir(), 'holdfast-grpc-'));
  t.after(() => rmSync(stubs, { recursive: true }));
  const require = createRequire(import.meta.url);
  const reflection = join(dirname(require.resolve('@grpc/reflection')), '../proto');
  const out = [`--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
  const tool = [python, '-m', 'grpc_tools.protoc'] as const;
  const files = [...serviceFiles, 'holdfast/v1/types.proto'];
  await run(tool[0], [...tool.slice(1), `-I${protoFolder}`, ...out, ...files], { timeout });
  await run(
    tool[0],
    [...tool.slice(1), `-I${join(reflection, 'grpc')}`, ...out, 'reflection/v1/reflection.proto'],
    { timeout },
  );

  const ignore = (): void => undefined;
  const engine = new MemoryEngine();
  const api = await startApi({
    engine,
    host: '127.0.0.1',
    port: 0,
    grpc: { host: '127.0.0.1', port: 0 },
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
  });
  t.after(() => api.close());
  const script = fileURLToPath(new URL('./client.py', import.meta.url));
  const { stdout } = await run(python, [script, api.grpcAddress ?? '', stubs], { timeout });
  const { described, services, ...seen } = JSON.parse(stdout) as Record<string, unknown>;

  assert.deepEqual(seen, {
    described_optional: true,
    fence_token: 1,
    exclusive: true,
    valid: true,
    watched: ['EVENT_TYPE_GRANTED', 'orders/42', 1],
    refused: ['ABORTED', 'lock_held'],
    has_details: true,
    remaining: 0,
    elected: 'elected',
    kept: ['kept'],
  });
  const definitions = loadDefinitions();
  const fields = definitions.rpc('Acquire').request.fieldsArray;
  assert.deepEqual(described, Object.fromEntries(fields.map(({ name, id }) => [name, id])));
  for (const service of [...definitions.services, 'grpc.health.v1.Health'])
    assert.ok((services as readonly string[]).includes(service), service);
});
