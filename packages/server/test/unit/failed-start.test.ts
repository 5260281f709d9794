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
import { longestStopMs } from '../../src/stopping.ts';
import { closeOpened, startNode } from '../../src/node.ts';

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

describe('what a node that cannot start has opened', () => {
  for (const broken of ['queues', 'engine', 'audit', 'security'])
    test(`is closed but for what fails: ${broken}`, async () => {
      const closed: string[] = [];
      const part = (name: string) => ({
        close: async () => {
          closed.push(name);
          if (name === broken) throw new Error('broken');
        },
      });
      const [queues, engine, audit] = [part('queues'), part('engine'), part('audit')];
      const security = {
        close: () => {
          closed.push('security');
          if (broken === 'security') throw new Error('broken');
        },
      };
      await assert.rejects(closeOpened({ queues, engine, audit, security }, log), /Not stopped/);
      assert.deepEqual(closed, ['queues', 'engine', 'audit', 'security']);
    });

  test('is closed but for what hangs, in bounded time (STOP-1)', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let isClosed = false;
    const hanging = { close: () => new Promise<void>(() => undefined) };
    const audit = {
      close: async () => {
        isClosed = true;
      },
    };
    const [queues, engine, security] = [hanging, undefined, undefined];
    const closing = closeOpened({ queues, engine, audit, security }, log);
    t.mock.timers.tick(longestStopMs);
    await assert.rejects(closing, /queues/);
    assert.ok(isClosed);
  });
});
