/** A node on a folder that another process has. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderInUseError, lockFolder } from '@holdfast/storage';
import { loadConfiguration } from '../../src/configuration/load.ts';
import { startNode } from '../../src/node.ts';
import { fileName } from '../../src/audit/chain-folder.ts';

test('a node that is refused because another one runs has cut nothing off its audit (AUDIT-NODE-7)', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-in-use-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'log'));
  mkdirSync(join(folder, 'audit'));
  t.after(await lockFolder(join(folder, 'log')));
  // As the other one has it between two writes.
  const file = join(folder, 'audit', fileName('changes', 1));
  const text = '{"half of a li';
  writeFileSync(file, text);
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore, fatal: ignore, level: 'info' };
  const configuration = loadConfiguration({
    environment: {
      HOLDFAST_STORAGE_FOLDER: folder,
      HOLDFAST_HTTP_PORT: '0',
      HOLDFAST_GRPC_ENABLED: 'false',
    },
  });
  await assert.rejects(
    startNode(configuration, { log: log as never, onFatal: assert.fail }),
    FolderInUseError,
  );
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.deepEqual(readdirSync(join(folder, 'audit')), [fileName('changes', 1)]);
});
