/** A whole engine that is sent a snapshot: what it tells those who watch. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { SessionId } from '@holdfast/state';
import { assembleEngine } from '../../src/assemble.ts';
import type { AssembledEngine } from '../../src/assemble.ts';
import { encodeBatch } from '../../src/batch.ts';
import type { TransportHandlers } from '../../src/transport/types.ts';
import { oneNode } from '../one-node.ts';
import { HandDisk, settled, snapshotOf } from './hand-disk.ts';
import { StillClock } from './still-clock.ts';

const leader = 'b' as MemberId;
const initialMembers = ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1` }));

interface Follower extends AssembledEngine {
  readonly disk: HandDisk;
  readonly receive: (messages: readonly Message[]) => Promise<void>;
}

async function follow(): Promise<Follower> {
  const disk = new HandDisk();
  let handlers: TransportHandlers | undefined;
  const { folder: _folder, peerListen: _peerListen, ...options } = oneNode('');
  const assembled = await assembleEngine({
    options: { ...options, initialMembers },
    reachable: true,
    clock: new StillClock(),
    random: () => 0.5,
    opened: {
      storage: disk,
      recovered: undefined,
      repairs: [],
      position: { starts: 1, frames: 0 },
    },
    makeTransport: (given) => {
      handlers = given;
      return {
        setPeers: () => undefined,
        send: () => undefined,
        call: () => Promise.reject(new Error('Nobody is asked here.')),
        interruptCalls: () => undefined,
        isConnected: () => false,
        supportedBy: () => undefined,
        addressOf: () => undefined,
        close: () => Promise.resolve(),
      };
    },
  });
  assembled.start();
  const receive = async (messages: readonly Message[]): Promise<void> => {
    handlers?.onMessages(leader, messages);
    for (let write = 0; write < 4; write++) await disk.sync();
    await settled();
  };
  return { ...assembled, disk, receive };
}

/** A session begins at each of these entries: an event. */
function appended(from: number, to: number): Message {
  const entries = Array.from({ length: to - from + 1 }, (_, at) => {
    const createdAtMs = from + at;
    const sessionId = `session ${String(createdAtMs)}` as SessionId;
    const facts = { clientId: 'c', timeoutMs: 1000, lockDelayMs: 0, createdAtMs };
    const command = { type: 'create_session', sessionId, ...facts } as const;
    const data = encodeBatch({ time: createdAtMs, commands: [{ identity: 'x', command }] });
    return { index: createdAtMs, term: 1, kind: 'command' as const, data };
  });
  const previousTerm = from === 1 ? 0 : 1;
  return {
    type: 'append',
    term: 1,
    previousIndex: from - 1,
    previousTerm,
    entries,
    commit: to,
    probe: 0,
  };
}

describe('Those who watch a node', () => {
  it('are told of the gap that a snapshot leaves, between the events before it and behind it', async () => {
    const { engine, replica, receive } = await follow();
    const told: string[] = [];
    engine.onEvents((revision) => void told.push(`event ${String(revision)}`));
    engine.onGap((revision) => void told.push(`gap ${String(revision)}`));
    await receive([appended(1, 2)]);
    assert.equal(replica.state.index, 2);
    const state = createStateMachine(initialLimits);
    state.skipTo(9);
    const { membership } = replica.status();
    const { meta, bytes } = snapshotOf({ index: 9, term: 1, membership }, state.snapshot());
    const { byteLength } = bytes;
    await receive([
      { type: 'snapshot_chunk', term: 1, meta, offset: 0, byteLength, data: bytes, probe: 0 },
    ]);
    assert.equal(replica.state.index, 9);
    await receive([appended(10, 11)]);
    assert.deepEqual(told, ['event 1', 'event 2', 'gap 9', 'event 10', 'event 11']);
  });
});
