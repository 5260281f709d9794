/** A node that cannot start closes what it has opened. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import type { TestContext } from 'node:test';
import { lockFolder } from '@holdfast/storage';
import { NodeAudit } from '../../src/audit/node-audit.ts';
import { loadConfiguration } from '../../src/configuration/load.ts';
import { startNode } from '../../src/node.ts';

const ignore = (): void => undefined;
const log = { info: ignore, warn: ignore, error: ignore, fatal: ignore, level: 'info' } as never;

/** A port that somebody else listens on. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a node that cannot start', () => {
  const cases = [
    ['its engine cannot listen for peers', (port: number) => ({ listen: port, http: 0 })],
    ['its api cannot listen for clients', (port: number) => ({ listen: undefined, http: port })],
  ] as const;
  for (const [why, portsFor] of cases)
    test(`because ${why} has closed its audit, and its folder is free (AUDIT-NODE-8)`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-failed-start-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const { listen, http } = portsFor(await takenPort(t));
      const configuration = loadConfiguration({
        environment: {
          HOLDFAST_STORAGE_FOLDER: folder,
          HOLDFAST_HTTP_PORT: String(http),
          HOLDFAST_GRPC_ENABLED: 'false',
          ...(listen === undefined
            ? {}
            : { HOLDFAST_CLUSTER_LISTEN: `127.0.0.1:${String(listen)}` }),
        },
      });
      const close = mock.method(NodeAudit.prototype, 'close');
      t.after(() => close.mock.restore());
      await assert.rejects(startNode(configuration, { log, onFatal: assert.fail }), /in use/i);
      assert.equal(close.mock.callCount(), 1);
      await close.mock.calls[0]?.result;
      (await lockFolder(join(folder, 'log')))();
    });
});
