/** TRANSPORT-8: a member that starts again counts its calls anew, while those of its former process are still worked on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { untilSo } from '../../../checker/src/waits.ts';
import { startPeer } from './peer-nodes.ts';
import type { PeerNode } from './peer-nodes.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-restarted-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: PeerNode[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
});

/** A call that the peer works on. */
interface Work {
  readonly request: unknown;
  readonly signal: AbortSignal;
  readonly answer: (value: unknown) => void;
}

/** A peer whose work on calls ends when the test says so. */
async function startWorker(works: Work[]): Promise<PeerNode> {
  const onCall = (request: unknown, signal: AbortSignal): Promise<unknown> =>
    new Promise((answer) => works.push({ request, signal, answer }));
  const worker = await startPeer('worker', { root, onCall });
  open.push(worker);
  return worker;
}

/** A process of the member that calls, connected to the peer in both directions. */
async function startCaller(worker: PeerNode, starts: number): Promise<PeerNode> {
  // Both count their calls from the same number, which the names of two runs seldom give (TRANSPORT-9).
  const runs = [{ starts, run: `000000000001000${String(starts)}` }];
  const caller = await startPeer('caller', { root, runs });
  caller.transport.setPeers([worker]);
  await caller.urls.next();
  await worker.urls.next();
  return caller;
}

const call = (from: PeerNode, request: string, signal?: AbortSignal): Promise<unknown> =>
  from.transport.call('worker' as MemberId, request, signal, 5000);

/** Asks, and is answered, behind all that was sent before. */
async function answeredCall(from: PeerNode, works: Work[]): Promise<void> {
  const before = works.length;
  const answered = call(from, 'another');
  await untilSo(() => works.length > before);
  works.at(-1)?.answer('of another');
  assert.equal(await answered, 'of another');
}

/** A member that has been killed while a peer worked on its first call, and started again. */
async function restarted(): Promise<{ readonly works: Work[]; readonly present: PeerNode }> {
  const works: Work[] = [];
  const worker = await startWorker(works);
  const former = await startCaller(worker, 1);
  const lost = call(former, 'lock x');
  await untilSo(() => works.length === 1);
  await former.transport.close();
  await assert.rejects(lost);
  const present = await startCaller(worker, 2);
  open.push(present);
  return { works, present };
}

describe('A member that was started again (TRANSPORT-8)', () => {
  it('takes no answer to a call of its former process for an answer to its own', async () => {
    // Given a call that a peer still works on when the process that asked ends
    const { works, present } = await restarted();
    // When the present process asks for something else, as its first call too
    const answered = call(present, 'lock y');
    await untilSo(() => works.length === 2);
    // Then the answer to the former one, which comes on the same connection, is not its answer
    works[0]?.answer({ granted: 'x' });
    works[1]?.answer({ granted: 'y' });
    assert.deepEqual(await answered, { granted: 'y' });
  });

  it('can cancel a call after one of its former process under the same number has ended', async () => {
    const { works, present } = await restarted();
    const cancellation = new AbortController();
    const answered = call(present, 'lock y', cancellation.signal);
    await untilSo(() => works.length === 2);
    // When the work for the former process ends first, and then the call is cancelled
    works[0]?.answer('none waits for it');
    await answeredCall(present, works);
    cancellation.abort();
    await answeredCall(present, works); // It comes behind the cancellation, on the same connection.
    // Then its work is told, and the other's is not
    assert.deepEqual(
      works.slice(0, 2).map(({ signal }) => signal.aborted),
      [false, true],
    );
    works[1]?.answer('cancelled');
    assert.equal(await answered, 'cancelled');
  });
});
