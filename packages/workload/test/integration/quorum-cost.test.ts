import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Quorum } from '@holdfast/quorum-client';
import { Identities, NodeVoter, StreamTransport } from '@holdfast/quorum-client/parts';
import { setIdOf } from '@holdfast/protocol';
import { startLeaseNode } from '@holdfast/quorum';
import { untilSo } from '@holdfast/checker/waits';

const walHeaderBytes = 32;
const frameHeaderBytes = 24;

/** Transactions in a write-ahead log: with synchronous=FULL each has been synced once. */
function commitsIn(file: string): number {
  const wal = readFileSync(`${file}-wal`);
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  const saltOf = (at: number): string => wal.toString('hex', at, at + 8);
  let commits = 0;
  for (let at = walHeaderBytes; at + frameBytes <= wal.byteLength; at += frameBytes) {
    if (saltOf(at + 8) !== saltOf(16)) break; // Left from before the log began anew.
    if (wal.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}

const names = [1, 2, 3].map((number) => `http://node-${String(number)}:1`);

/** Three that are new, in this process. */
async function leaseNodes(
  context: TestContext,
): Promise<{ readonly files: readonly string[]; readonly urls: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = [1, 2, 3].map((number) => join(folder, `n${String(number)}.sqlite`));
  const reached = new Map<string, string>();
  const quiet = (): void => undefined;
  const log = { info: quiet, warn: quiet, error: quiet };
  const nodes = await Promise.all(
    files.map((file, index) =>
      startLeaseNode({
        file,
        host: '127.0.0.1',
        port: 0,
        advertise: names[index] ?? '',
        peers: names.filter((_name, place) => place !== index),
        reach: (member) => reached.get(member),
        log,
      }),
    ),
  );
  names.forEach((name, index) => reached.set(name, nodes[index]?.url ?? ''));
  context.after(() => Promise.all(nodes.map((node) => node.close())));
  // What is refused before is given back in the background, which would be counted.
  await untilSo(() => nodes.every((node) => node.isVoting()), { what: 'all of them vote' });
  return { files, urls: nodes.map(({ url }) => url) };
}

describe('A quorum lease on nodes that agree', () => {
  it('costs one request and one sync on each node to take, and the same to give back', async (context) => {
    // Given
    const { files, urls } = await leaseNodes(context);
    const asked: { readonly what: string; readonly answer: Promise<unknown> }[] = [];
    const identities = new Identities();
    const set = setIdOf({ epoch: 1, members: names });
    const transports = urls.map((url) => new StreamTransport(url, undefined));
    context.after(() => transports.forEach((transport) => transport.close()));
    const voters = transports.map((transport, index) => {
      const counted = {
        ask: (what: string, body: object, signal: AbortSignal) => {
          const answer = transport.ask(what, body, signal);
          asked.push({ what, answer });
          return answer;
        },
        close: () => transport.close(),
      };
      return new NodeVoter(names[index] ?? '', { transport: counted, epoch: 1, set, identities });
    });
    const quorum = new Quorum({ voters });
    const since = async (before: readonly number[]): Promise<object> => {
      await Promise.allSettled(asked.map(({ answer }) => answer));
      const asks = asked.splice(0).map(({ what }) => what);
      return { asks, syncs: files.map((file, index) => commitsIn(file) - (before[index] ?? 0)) };
    };
    await (await quorum.lock('warm').acquire({ waitMs: 5000 })).release();
    await since([]);

    // When
    let before = files.map(commitsIn);
    const hold = await quorum.lock('a').acquire();
    const taken = await since(before);
    before = files.map(commitsIn);
    await hold.release();
    const givenBack = await since(before);

    // Then
    assert.deepEqual(taken, { asks: ['acquire', 'acquire', 'acquire'], syncs: [1, 1, 1] });
    assert.deepEqual(givenBack, { asks: ['release', 'release', 'release'], syncs: [1, 1, 1] });
  });

  for (const transport of ['stream', 'http'] as const)
    it(`lets a program end that has closed it, over ${transport}`, async (context) => {
      const { urls } = await leaseNodes(context);
      const reach = Object.fromEntries(names.map((name, index) => [name, urls[index]]));
      const script = `
        import { Quorum } from '@holdfast/quorum-client';
        {
          const reach = ${JSON.stringify(reach)};
          using quorum = new Quorum({ nodes: Object.keys(reach), reach, transport: '${transport}' });
          await using hold = await quorum.lock('reports/daily').acquire({ waitMs: 5000 });
          hold.assertHeld();
        }
        console.log('done');`;
      const program = spawn(
        process.execPath,
        ['--conditions=source', '--input-type=module', '--eval', script],
        { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const killed = setTimeout(() => program.kill('SIGKILL'), 20_000);
      const [output, [code, signal]] = await Promise.all([
        program.stdout.toArray(),
        once(program, 'exit'),
      ]);
      clearTimeout(killed);
      assert.deepEqual([output.join('').trim(), code, signal], ['done', 0, null]);
    });
});
