/** Payloads in memory, durable when the test says so. */
import { createStateMachine } from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';
import { Payloads } from '../../src/payloads/payloads.ts';
import type { PayloadsParts } from '../../src/payloads/payloads.ts';
import { PayloadAsks } from '../../src/payloads/payload-asks.ts';
import { silentLog } from '../cluster.ts';
import { StillClock } from './still-clock.ts';

export class MemoryPayloads implements PayloadStore {
  readonly bodies = new Map<number, Uint8Array>();
  readonly stats = {
    count: 0,
    sizeBytes: 0,
    liveBytes: 0,
    waitingBytes: 0,
    errors: 0,
    shortages: 0,
    damaged: 0,
  };
  /** Of a disk that cannot be read. */
  isUnreadable = false;
  isBehind = false;
  shortage: Error | undefined;
  tellShortage: () => void = () => undefined;
  tellRoom: () => void = () => undefined;
  tellDamaged: (ids: readonly number[]) => void = () => undefined;
  /** Undefined: at once. */
  durableWhen: Promise<boolean> | undefined;

  put(id: number, body: Uint8Array): void {
    this.bodies.set(id, body);
  }

  has(id: number): boolean {
    return this.bodies.has(id);
  }

  ids(): Iterable<number> {
    return this.bodies.keys();
  }

  end(id: number): void {
    this.bodies.delete(id);
  }

  read(id: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.bodies.get(id));
  }

  mayHave(id: number): boolean {
    return this.isUnreadable && !this.has(id);
  }

  durable(): Promise<boolean> {
    return this.durableWhen ?? Promise.resolve(true);
  }

  onShortage(listener: () => void): void {
    this.tellShortage = listener;
  }

  onRoom(listener: () => void): void {
    this.tellRoom = listener;
  }

  onDamaged(listener: (ids: readonly number[]) => void): void {
    this.tellDamaged = listener;
  }
}

/** Of a node without others. */
export const alone = (
  store: PayloadStore = new MemoryPayloads(),
  clock: PayloadsParts['clock'] = {
    now: () => 0,
    after: () => () => undefined,
    endOfTurn: (callback) => void setImmediate(callback),
  },
): Payloads =>
  new Payloads({
    store,
    clock,
    random: () => 0.5,
    log: silentLog,
    state: () => createStateMachine(),
    isLeader: () => true,
    lose: () => Promise.resolve(),
    onMembers: () => undefined,
    asks: new PayloadAsks({
      clock: { now: () => 0, after: () => () => undefined },
      transport: () => ({
        call: () => Promise.reject(new Error('alone')),
        isConnected: () => false,
      }),
      others: () => [],
      leader: () => undefined,
    }),
  });

/** Payloads 1 to 3, of which 1 and 2 have ended in entries that no snapshot has. */
export function twoEnded() {
  const store = new MemoryPayloads();
  const clock = new StillClock();
  const payloads = alone(store, clock);
  payloads.applied(5, {
    kept: [1, 2, 3].map((id) => ({ id, byteLength: 1, text: String(id) })),
    ended: [],
    lost: [],
  });
  payloads.snapshotDurable(5);
  payloads.applied(6, { kept: [], ended: [1, 2], lost: [] });
  const here = (): readonly number[] => [...store.bodies.keys()];
  return { store, clock, payloads, here };
}
