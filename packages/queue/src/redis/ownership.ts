/**
 * Which partitions this node owns: a lock for each, held by a session of the node, on the node that rendezvous hashing
 * names among those that live.
 *
 * OWN-1: a node serves a partition only under the fence token of its lock, and only after it has told Redis so
 *     (`claim`): from then on scripts with a smaller token change nothing of it (RFENCE-1). A queue that cannot be claimed then
 *     keeps it from none of the others (NAMED-4 of partitions.ts).
 * OWN-2: nodes find who lives in the replicated state, by the locks of their sessions, and so agree on the owners; a node
 *     that died is left out when its session has ended.
 * OWN-3: a partition that belongs to another node is served no more before its lock is given back.
 * OWN-5: the session is kept alive while this node looks after its partitions, however long that takes.
 * OWN-4: a lock that was lost otherwise, as by an administrator, is found lost by the next look; where it is the lock of the node
 *     itself, the node begins anew. Clients take none of these locks (ACCESS-3 of the api).
 * OWN-6: nothing is served once the session may have ended, by a clock that counts what the machine sleeps: from the sending of
 *     the last keepalive that was answered. A queue that another node did not know when it claimed has no fence (NAMED-1), but a
 *     node that was paused knows by then that it may have lost its partitions.
 * OWN-7: a lock that this session holds is this node's, whether or not the answer to its acquire has come: it is served, or given back.
 *     What fails for one partition keeps no other from its owner.
 * OWN-8: a node that Redis does not answer for some seconds, or has not answered yet, leaves the partitions to the others.
 */
import { randomUUID } from 'node:crypto';
import { partitionCount } from '@holdfast/state';
import type { CommandResult, ResourceName, SessionId } from '@holdfast/state';
import type { CallOptions, Engine, EngineLog } from '@holdfast/engine';
import { ownersOf } from '../owners.ts';
import { lockOfNode, lockOfPartition, readLocks } from './lock-view.ts';
import type { PartitionHolder, PartitionLocks } from './lock-view.ts';
import type { Owned } from './partitions.ts';

const everyMs = 250;
const keepAliveMs = 1000;
const sessionMs = 6000;
/** OWN-6: what the clocks of two nodes may part by in that time, and what a script takes to Redis. */
const marginMs = 500;
/** OWN-8. */
export const longestSilenceMs = 5000;
const callMs = 3000;
const asker: CallOptions = { identity: 'holdfast', timeoutMs: callMs };
const all = Array.from({ length: partitionCount }, (_, partition) => partition);
const none: Owned = new Map();

export interface OwnershipParts {
  readonly engine: Pick<Engine, 'submit' | 'query' | 'keepAlive' | 'status'>;
  readonly clock: {
    now(): number;
    /** Goes on while the machine sleeps. */
    bootNow(): number;
    wallNow(): number;
    after(delayMs: number, callback: () => void): () => void;
  };
  /** OWN-1. False where another one has come first. */
  readonly claim: (owned: Owned) => Promise<boolean>;
  /** For how long Redis has not answered this node. */
  readonly silentMs: () => number;
  readonly log: EngineLog;
}

export class Ownership {
  readonly #parts: OwnershipParts;
  readonly #nodeId: string;
  readonly #owned = new Map<number, number>();
  /** Locks that this node holds, claimed or not. */
  readonly #held = new Map<number, number>();
  readonly #changed = new Set<() => void>();
  #session: SessionId | undefined;
  /** When the last keepalive that was answered was sent, by `bootNow`. */
  #aliveAtMs = 0;
  #holders: ReadonlyMap<number, PartitionHolder> = new Map();
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #hasChanged = false;
  #isClosed = false;
  #isRefusalTold = false;

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
    this.#nodeId = parts.engine.status().nodeId;
  }

  /** What this node may serve now (OWN-1, OWN-6). */
  get owned(): Owned {
    const aliveForMs = this.#parts.clock.bootNow() - this.#aliveAtMs;
    return aliveForMs < sessionMs - marginMs ? this.#owned : none;
  }

  /** Of the owners of these partitions, as this node knows; undefined where one has none. */
  tokensOf(partitions: readonly number[]): Owned | undefined {
    const { owned } = this;
    const tokens = new Map<number, number>();
    for (const partition of partitions) {
      const token = owned.get(partition) ?? this.#tokenOfAnother(partition);
      if (token === undefined) return undefined;
      tokens.set(partition, token);
    }
    return tokens;
  }

  /** Whether these are still the tokens of the owners, and this node still serves what is its own (OWN-6). */
  areCurrent(tokens: Owned): boolean {
    const current = this.tokensOf([...tokens.keys()]);
    return (
      current !== undefined &&
      [...tokens].every(([partition, token]) => current.get(partition) === token)
    );
  }

  /** Undefined of its own lock: that counts only where it is claimed and may be served now. */
  #tokenOfAnother(partition: number): number | undefined {
    const holder = this.#holders.get(partition);
    return holder === undefined || holder.node === this.#nodeId ? undefined : holder.fenceToken;
  }

  /** The node that holds the lock of a partition, as this node knows. */
  holderOf(partition: number): string | undefined {
    return this.owned.has(partition) ? this.#nodeId : this.#holders.get(partition)?.node;
  }

  start(): void {
    const round = (): void => {
      this.#running = this.#round()
        .catch((error: unknown) =>
          this.#parts.log.warn(
            { error: String(error) },
            'Partitions of queues could not be looked after; tried again.',
          ),
        )
        .then(() => {
          if (!this.#isClosed) this.#cancel = this.#parts.clock.after(everyMs, round);
        });
    };
    round();
  }

  /** Redis knows of higher tokens than these: this node has lost the partitions, unless it has taken them again, and claims what it holds. */
  lost(tokens: Owned): void {
    for (const [partition, token] of tokens)
      if (this.#owned.get(partition) === token) this.#owned.delete(partition);
  }

  /** Resolves with the next change of owners, or after a while. */
  changeOrPause(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#changed.delete(wake);
        resolve();
      };
      const cancel = this.#parts.clock.after(longestMs, wake);
      this.#changed.add(wake);
    });
  }

  /** Gives everything back: the others take over at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
    await this.#endSession().catch(() => undefined);
  }

  async #round(): Promise<void> {
    if (this.#parts.silentMs() >= longestSilenceMs) {
      if (this.#session !== undefined) this.#parts.log.warn({}, cutOff);
      await this.#endSession(); // OWN-8
      this.#note(await readLocks(this.#parts.engine, asker));
      return;
    }
    const sessionId = await this.#aliveSession();
    if (sessionId !== undefined) await this.#whileAlive(() => this.#lookAfterAll(sessionId));
  }

  async #lookAfterAll(sessionId: SessionId): Promise<void> {
    const locks = await readLocks(this.#parts.engine, asker);
    if (!locks.live.includes(this.#nodeId)) {
      await this.#endSession(); // OWN-4
      return;
    }
    const owners = ownersOf(locks.live);
    const looks = await Promise.allSettled(
      all.map((partition) => {
        const isMine = owners[partition] === this.#nodeId;
        return this.#lookAfter(partition, isMine, sessionId, locks.holders.get(partition));
      }),
    );
    if (this.#isClosed) return;
    this.#note(locks);
    const isFresh = (partition: number): boolean =>
      owners[partition] === this.#nodeId && !this.#owned.has(partition);
    await this.#serve(new Map([...this.#held].filter(([partition]) => isFresh(partition))));
    const failed = looks.find((look) => look.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #lookAfter(
    partition: number,
    isMine: boolean,
    sessionId: SessionId,
    holder: PartitionHolder | undefined,
  ): Promise<void> {
    const name = lockOfPartition(partition);
    const isHeld = holder?.sessionId === sessionId;
    // OWN-4, OWN-7
    if (this.#held.get(partition) !== (isHeld ? holder.fenceToken : undefined)) {
      this.#forget(partition);
      if (isHeld) this.#held.set(partition, holder.fenceToken);
    }
    if (isMine && holder === undefined) {
      const granted = await this.#acquire(sessionId, name);
      if (granted !== undefined) this.#held.set(partition, granted);
    } else if (!isMine && isHeld) {
      this.#owned.delete(partition); // OWN-3
      this.#hasChanged = true;
      await this.#parts.engine.submit({ type: 'release', sessionId, name }, asker);
      this.#held.delete(partition);
    }
  }

  #forget(partition: number): void {
    this.#owned.delete(partition);
    this.#held.delete(partition);
    this.#hasChanged = true;
  }

  /** OWN-1. */
  async #serve(fresh: Owned): Promise<void> {
    if (fresh.size === 0) return;
    const { claim, log } = this.#parts;
    const isClaimed = await claim(fresh);
    if (!isClaimed && !this.#isRefusalTold) log.warn({ partitions: fresh.size }, claimRefused);
    this.#isRefusalTold = !isClaimed;
    if (!isClaimed) return;
    for (const [partition, token] of fresh) this.#owned.set(partition, token);
    this.#wake();
  }

  #note({ holders }: PartitionLocks): void {
    const isOther = this.#hasChanged || differ(this.#holders, holders);
    this.#holders = holders;
    if (isOther) this.#wake();
  }

  /** Who waits for other owners looks again. */
  #wake(): void {
    this.#hasChanged = false;
    for (const wake of this.#changed) wake();
  }

  /** OWN-5. */
  async #whileAlive(work: () => Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    let isOver = false;
    let cancel = (): void => undefined;
    const keep = (): void => {
      if (!isOver) cancel = clock.after(keepAliveMs, () => void this.#keepAlive().then(keep, keep));
    };
    keep();
    try {
      await work();
    } finally {
      isOver = true;
      cancel();
    }
  }

  /** Whether there is one, and it lives. */
  async #keepAlive(): Promise<boolean> {
    const { engine, clock } = this.#parts;
    const sessionId = this.#session;
    if (sessionId === undefined) return false;
    const sentAtMs = clock.bootNow();
    const alive = await engine.keepAlive(sessionId, asker);
    // One that was sent before this one may be answered after it.
    if (alive.ok && this.#session === sessionId)
      this.#aliveAtMs = Math.max(this.#aliveAtMs, sentAtMs); // OWN-6
    return alive.ok;
  }

  async #aliveSession(): Promise<SessionId | undefined> {
    const { engine, clock } = this.#parts;
    const startedAtMs = clock.bootNow();
    if (this.#session !== undefined) {
      if (startedAtMs - this.#aliveAtMs < keepAliveMs || (await this.#keepAlive()))
        return this.#session;
      this.#leave();
    }
    const sessionId = randomUUID() as SessionId;
    const made = await engine.submit(
      {
        type: 'create_session',
        sessionId,
        clientId: this.#nodeId,
        timeoutMs: sessionMs,
        lockDelayMs: 0,
        createdAtMs: clock.wallNow(),
      },
      asker,
    );
    if (!made.ok) return undefined;
    const end = () => engine.submit({ type: 'end_session', sessionId }, asker);
    let granted: number | undefined;
    try {
      granted = await this.#acquire(sessionId, lockOfNode(this.#nodeId));
    } catch (error) {
      await end().catch(() => undefined); // It may hold the lock.
      throw error;
    }
    // OWN-2: held by an earlier session of this node until that has ended.
    if (granted === undefined) {
      await end();
      return undefined;
    }
    this.#session = sessionId;
    this.#aliveAtMs = startedAtMs;
    return sessionId;
  }

  /** Its session is this node's no more, and nothing that it holds. */
  #leave(): void {
    this.#session = undefined;
    this.#owned.clear();
    this.#held.clear();
    this.#hasChanged = true;
  }

  /** Where its end is not answered it ends by itself, for nobody keeps it alive. */
  async #endSession(): Promise<void> {
    const sessionId = this.#session;
    if (sessionId === undefined) return;
    this.#leave();
    await this.#parts.engine.submit({ type: 'end_session', sessionId }, asker);
  }

  async #acquire(sessionId: SessionId, name: ResourceName): Promise<number | undefined> {
    const result: CommandResult = await this.#parts.engine.submit(
      {
        type: 'acquire',
        sessionId,
        requestId: randomUUID(), // The same one again would be answered with the grant of then.
        name,
        mode: 'exclusive',
        waitMs: 0,
        acquiredAtMs: this.#parts.clock.wallNow(),
      },
      asker,
    );
    return result.ok && result.type === 'granted' ? result.fenceToken : undefined;
  }
}

const claimRefused =
  'Redis knows larger fence tokens of these partitions than the tokens of their locks, so this node does not serve them. ' +
  'Another node has just taken them over, and this is over soon; or this cluster is new or was restored with smaller tokens ' +
  'than the one that used this Redis before: then set another queues.redis_prefix, or restore with --fence-above.';

const cutOff =
  'The Redis that keeps the queues does not answer this node, which leaves its partitions to the other nodes. ' +
  'It takes partitions again once Redis answers.';

function differ(
  a: ReadonlyMap<number, PartitionHolder>,
  b: ReadonlyMap<number, PartitionHolder>,
): boolean {
  return (
    a.size !== b.size ||
    [...a].some(([partition, { fenceToken }]) => b.get(partition)?.fenceToken !== fenceToken)
  );
}
