/**
 * Writes the folder of a node of this release, for the tests of later ones: a log behind a snapshot, in which something of
 * every kind stands, and beside it what has to come out of it (`expected.json`). Files of the log are kept
 * compressed: they are mostly room for more.
 *
 * Run it once for each release, with the release's own code, and keep what it wrote:
 *
 *     node --conditions=source packages/engine/test/write-node-folder.ts 0.2
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Command, ResourceName, SessionId } from '@holdfast/state';
import { createRaftEngine, inspectFolder } from '../src/index.ts';
import type { Engine } from '../src/index.ts';
import { statusReached } from './cluster.ts';
import { factsOf } from './node-folder.ts';
import { oneNode } from './one-node.ts';

const holder = '11111111-2222-4333-8444-555555555555' as SessionId;
const waiter = '66666666-7777-4888-8999-aaaaaaaaaaaa' as SessionId;
const named = (name: string): ResourceName => name as ResourceName;
const dayMs = 24 * 60 * 60 * 1000;

let requests = 0;
const request = (): string => `00000000-0000-4000-8000-${String(++requests).padStart(12, '0')}`;

const session = (sessionId: SessionId, clientId: string): Command => ({
  type: 'create_session',
  sessionId,
  clientId,
  timeoutMs: dayMs,
  lockDelayMs: 0,
  createdAtMs: 0,
});
const acquire = (sessionId: SessionId, name: string, waitMs = 0): Command => ({
  type: 'acquire',
  sessionId,
  requestId: request(),
  name: named(name),
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 0,
});

const inSnapshot: readonly Command[] = [
  session(holder, 'worker-1'),
  session(waiter, 'worker-2'),
  ...Array.from({ length: 10 }, (_, number) => acquire(holder, `jobs/${String(number)}`)),
  {
    type: 'acquire_permits',
    sessionId: holder,
    requestId: request(),
    name: named('permits'),
    permits: 2,
    limit: 5,
    waitMs: 0,
    acquiredAtMs: 0,
  },
  {
    type: 'campaign',
    sessionId: holder,
    requestId: request(),
    name: named('leader'),
    waitMs: 0,
    acquiredAtMs: 0,
  },
  { type: 'create_latch', name: named('latch'), count: 3 },
  { type: 'cache_set', name: named('key'), value: { said: 'before' } },
  { type: 'queue_push', name: named('mail'), messages: [{ key: 'a', payload: 'one' }] },
];
const inLog: readonly Command[] = [
  acquire(waiter, 'later'),
  { type: 'release', sessionId: holder, requestId: request(), name: named('jobs/9') },
  { type: 'count_down', name: named('latch'), by: 1 },
  { type: 'cache_set', name: named('key'), value: { said: 'after' } },
  { type: 'queue_push', name: named('mail'), messages: [{ key: 'a', payload: 'two' }] },
];

async function submitAll(engine: Engine, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    const result = await engine.submit(command, { identity: 'anonymous' });
    assert.ok(result.ok, `${command.type}: ${JSON.stringify(result)}`);
  }
}

async function write(release: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-node-'));
  const kept = fileURLToPath(new URL(`fixtures/node-of-${release}`, import.meta.url));
  try {
    const engine = await createRaftEngine(oneNode(folder));
    await statusReached([engine], (one) => one.status().ready);
    await submitAll(engine, inSnapshot);
    const backup = await engine.openBackup();
    for await (const piece of backup.chunks) assert.ok(piece.byteLength > 0);
    backup.close();
    await submitAll(engine, inLog);
    await engine.close();
    const inspected = await inspectFolder({ folder, uncommitted: true });
    assert.deepEqual(inspected.problems, []);
    rmSync(kept, { recursive: true, force: true });
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name === 'lock' || entry.name.endsWith('.spare')) continue;
      const from = join(entry.parentPath, entry.name);
      const to = join(kept, from.slice(folder.length));
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(`${to}.gz`, gzipSync(readFileSync(from), { level: 9 }));
    }
    const facts = JSON.stringify(factsOf(inspected), null, 2);
    writeFileSync(join(kept, 'expected.json'), `${facts}\n`);
    console.log(kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const release = process.argv[2];
assert.ok(release !== undefined && /^\d+\.\d+$/.test(release), 'name the release, as 0.2');
const alive = setInterval(() => undefined, 1000); // An engine without peers keeps no process alive.
await write(release);
clearInterval(alive);
