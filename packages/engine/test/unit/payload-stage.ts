/** Payloads of one member whose others are played. */
import type { Member, MemberId } from '@holdfast/raft';
import { createStateMachine, latestFeatureLevel, payloadHash } from '@holdfast/state';
import type { Command, ResourceName, StateMachine, StoredPayload } from '@holdfast/state';
import { longestReadMs, Payloads } from '../../src/payloads/payloads.ts';
import { PayloadAsks } from '../../src/payloads/payload-asks.ts';
import type { GivenPayload, WirePayload } from '../../src/payloads/wire-payloads.ts';
import { silentLog } from '../cluster.ts';
import { MemoryPayloads } from './memory-payloads.ts';

export const textOf = (id: number): string => JSON.stringify(`payload ${String(id)} `.repeat(100));
export const storedOf = (id: number): StoredPayload => {
  const text = textOf(id);
  return { id, byteLength: Buffer.byteLength(text), hash: payloadHash(text) };
};
export const keptOf = (id: number) => ({
  id,
  byteLength: storedOf(id).byteLength,
  text: textOf(id),
});
export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** What a member gives. `silent`: it is connected and answers nothing. `away`: it is not connected. */
type Other = ((id: number) => GivenPayload) | 'silent' | 'away';

interface StageOptions {
  /** Of this member; an empty one where absent. */
  readonly state?: StateMachine;
  readonly isLeader?: boolean;
  readonly lose?: (name: ResourceName, ids: readonly number[]) => Promise<unknown>;
  /** Pauses are noted here. */
  readonly pauses?: number[];
  readonly mostHeldEnded?: number;
  /** Given what ends the longest time that somebody waits for payloads (PAYLOAD-9). */
  readonly onWaiting?: (endTime: () => void, ms: number) => void;
  /** Another time for which somebody waits for payloads. */
  readonly waitMs?: number;
}

const begun: Payloads[] = [];
/** After each test: one that has failed leaves nothing that goes on. */
export function stopAll(): void {
  for (const payloads of begun.splice(0)) payloads.stop();
}

/** @param others In the order in which they are asked: the first one leads, where this member does not. */
export function stage(others: readonly Other[] = [], options: StageOptions = {}) {
  const store = new MemoryPayloads();
  const asked: number[][] = [];
  /** Ids that were to be lost. */
  const losses: (readonly number[])[] = [];
  const told: (readonly Member[])[] = [];
  const { state = createStateMachine(), isLeader = false, pauses = [] } = options;
  const clock = {
    now: () => performance.now(),
    after: (ms: number, callback: () => void) => {
      // The scrub is none of what is told here.
      if (ms >= 3_600_000) return () => undefined;
      if (ms === longestReadMs || ms === options.waitMs) {
        options.onWaiting?.(callback, ms);
        return () => undefined;
      }
      pauses.push(ms);
      const timer = setImmediate(callback);
      return () => clearImmediate(timer);
    },
    endOfTurn: (callback: () => void) => void setImmediate(callback),
  };
  const payloads = new Payloads({
    store,
    clock,
    random: () => 0.5,
    log: silentLog,
    ...(options.mostHeldEnded !== undefined && { mostHeldEnded: options.mostHeldEnded }),
    state: () => state,
    isLeader: () => isLeader,
    lose: (queue, ids) => {
      losses.push(ids);
      return options.lose?.(queue, ids) ?? Promise.reject(new Error('Nobody is to lose anything.'));
    },
    onMembers: (members) => told.push(members),
    asks: new PayloadAsks({
      clock,
      transport: () => ({
        isConnected: (to) => others[Number(to)] !== 'away',
        call: (to, request) => {
          const { wanted } = request as { readonly wanted: readonly WirePayload[] };
          asked.push(wanted.map(([id]) => id));
          const give = others[Number(to)];
          return typeof give === 'function'
            ? Promise.resolve({ type: 'ok', value: wanted.map(([id]) => give(id)) })
            : Promise.reject(new Error('It does not answer.'));
        },
      }),
      others: () => others.map((_, position) => String(position) as MemberId),
      leader: () => (isLeader || others.length === 0 ? undefined : ('0' as MemberId)),
    }),
  });
  begun.push(payloads);
  return { store, payloads, asked, told, pauses, losses };
}

const name = 'mail' as ResourceName;

/** With so many messages, and the payloads that came of it. */
export function stateWith(count: number) {
  const state = createStateMachine();
  const texts = new Map<number, string>();
  let index = 0;
  const enter = (command: Command) => {
    index += 1;
    const applied = state.apply({
      index,
      time: 1000,
      commands: [{ identity: 'test', command }],
    });
    for (const { id, text } of applied.payloads?.kept ?? []) texts.set(id, text);
    return { ...applied, index };
  };
  enter({ type: 'raise_feature_level', level: latestFeatureLevel });
  for (let number = 1; number <= count; number++) {
    const payload = `${String(number)} `.repeat(200);
    enter({ type: 'queue_push', name, messages: [{ key: 'a', payload }] });
  }
  return { state, texts, enter, name };
}
