/** A whole engine, node `a` of three, that follows node `b` on a clock and a disk that the test moves. */
import type { MemberId, Message } from '@holdfast/raft';
import type { SessionId } from '@holdfast/state';
import { assembleEngine } from '../../src/assemble.ts';
import type { AssembledEngine } from '../../src/assemble.ts';
import { encodeBatch } from '../../src/batch.ts';
import type { TransportHandlers } from '../../src/transport/types.ts';
import type { EngineLog } from '../../src/types.ts';
import { silentLog } from '../cluster.ts';
import { oneNode } from '../one-node.ts';
import { HandDisk, settled } from './hand-disk.ts';
import { StillClock } from './still-clock.ts';

const leader = 'b' as MemberId;
const initialMembers = ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1` }));

export interface Follower extends AssembledEngine {
  readonly clock: StillClock;
  /** What the network tells it. */
  readonly handlers: TransportHandlers;
  readonly receive: (messages: readonly Message[]) => Promise<void>;
}

export async function follow(log: EngineLog = silentLog): Promise<Follower> {
  const disk = new HandDisk();
  const clock = new StillClock();
  const { promise, resolve } = Promise.withResolvers<TransportHandlers>();
  const { folder: _folder, peerListen: _peerListen, ...options } = oneNode('');
  const assembled = await assembleEngine({
    options: { ...options, initialMembers, log },
    reachable: true,
    clock,
    random: () => 0.5,
    opened: {
      storage: disk,
      recovered: undefined,
      repairs: [],
      position: { starts: 1, frames: 0 },
    },
    makeTransport: (given) => {
      resolve(given);
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
  const handlers = await promise;
  const receive = async (messages: readonly Message[]): Promise<void> => {
    handlers.onMessages(leader, messages);
    for (let write = 0; write < 4; write++) await disk.sync();
    await settled();
  };
  return { ...assembled, clock, handlers, receive };
}

/** A session begins at each of these entries: an event. */
export function appended(from: number, to: number): Message {
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
