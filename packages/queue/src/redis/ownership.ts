/**
 * Which partitions this node owns: a lock for each, held by a session of the node, on the node that rendezvous hashing
 * names among those that live.
 *
 * OWN-1: a node serves a partition only under the fence token of its lock, and only after it has told Redis so
 *     (`claim`): from then on scripts with a smaller token change nothing of it (RFENCE-1).
 * OWN-2: nodes find who lives in the replicated state, by the locks of their sessions, and so agree on the owners; a node
 *     that died is left out when its session has ended.
 * OWN-3: a partition that belongs to another node is served no more before its lock is given back.
 * OWN-5: the session is kept alive while Redis is told, however many queues there are.
 * OWN-4: a lock that was lost otherwise, as by an administrator, is found lost by the next look. Clients take none of
 *     these locks (ACCESS-3 of the api).
 */
import { randomUUID } from 'node:crypto';
import { partitionCount, reservedLockPrefix as prefix } from '@holdfast/state';
import type { CommandResult, LockView, ResourceName, SessionId } from '@holdfast/state';
import type { CallOptions, Engine, EngineLog } from '@holdfast/engine';
import { ownersOf } from '../owners.ts';
import type { Owned } from './partitions.ts';

const nodePrefix = `${prefix}node/`;
const partitionPrefix = `${prefix}partition/`;
const everyMs = 250;
const keepAliveMs = 1000;
const sessionMs = 6000;
const callMs = 3000;
const asker: CallOptions = { identity: 'holdfast', timeoutMs: callMs };

export interface OwnershipParts {
  readonly engine: Pick<Engine, 'submit' | 'query' | 'keepAlive' | 'status'>;
  readonly clock: {
    now(): number;
    wallNow(): number;
    after(delayMs: number, callback: () => void): () => void;
  };
  /** OWN-1. False where another one has come first. */
  readonly claim: (owned: Owned) => Promise<boolean>;
  readonly log: EngineLog;
}

interface View {
  readonly live: readonly string[];
  readonly holders: Holders;
}

/** By partition: the node that holds its lock, and the fence token of that. */
type Holders = ReadonlyMap<number, { readonly nodeId: string; readonly fenceToken: number }>;

export class Ownership {
  readonly #parts: OwnershipParts;
  readonly #nodeId: string;
  readonly #owned = new Map<number, number>();
  /** Locks that this node holds, claimed or not. */
  readonly #held = new Map<number, number>();
  readonly #changed = new Set<() => void>();
  #session: SessionId | undefined;
  #aliveAtMs = 0;
  #holders: Holders = new Map();
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isRefusalTold = false;

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
    this.#nodeId = parts.engine.status().nodeId;
  }

  /** What this node may serve now (OWN-1). */
  get owned(): Owned {
    return this.#owned;
  }

  /** The node that holds the lock of a partition, as this node knows. */
  holderOf(partition: number): string | undefined {
    return this.#owned.has(partition) ? this.#nodeId : this.#holders.get(partition)?.nodeId;
  }

  /** Of the owners of these partitions, as this node knows; undefined where one has none. */
  tokensOf(partitions: readonly number[]): Owned | undefined {
    const tokens = new Map<number, number>();
    for (const partition of partitions) {
      const token = this.#owned.get(partition) ?? this.#holders.get(partition)?.fenceToken;
      if (token === undefined) return undefined;
      tokens.set(partition, token);
    }
    return tokens;
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

  /** Redis knows of a higher token: this node has lost the partition and is told so by the next round. */
  lost(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#owned.delete(partition);
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
    this.#owned.clear();
    const sessionId = this.#session;
    if (sessionId === undefined) return;
    await this.#parts.engine
      .submit({ type: 'end_session', sessionId }, asker)
      .catch(() => undefined);
  }

  async #round(): Promise<void> {
    const sessionId = await this.#aliveSession();
    if (sessionId === undefined) return;
    const view = await this.#view();
    const owners = ownersOf(view.live);
    let isChanged = false;
    const all = Array.from({ length: partitionCount }, (_, partition) => partition);
    await Promise.all(
      all.map(async (partition) => {
        const isMine = owners[partition] === this.#nodeId;
        // OWN-4
        if (this.#held.has(partition) && view.holders.get(partition)?.nodeId !== this.#nodeId) {
          isChanged = true;
          this.#owned.delete(partition);
          this.#held.delete(partition);
        }
        const isHeld = this.#held.has(partition);
        if (isMine && !isHeld && !view.holders.has(partition)) {
          const granted = await this.#acquire(sessionId, nameOf(partition));
          if (granted !== undefined) this.#held.set(partition, granted);
        } else if (!isMine && isHeld) {
          isChanged = true;
          this.#owned.delete(partition); // OWN-3
          const name = nameOf(partition);
          await this.#parts.engine.submit({ type: 'release', sessionId, name }, asker);
          this.#held.delete(partition);
        }
      }),
    );
    if (this.#isClosed) return;
    const fresh = new Map([...this.#held].filter(([partition]) => !this.#owned.has(partition)));
    if (fresh.size > 0 && (await this.#isClaimed(fresh)) && this.#session === sessionId) {
      for (const [partition, token] of fresh) this.#owned.set(partition, token); // OWN-1
      isChanged = true;
    }
    isChanged ||= differ(this.#holders, view.holders);
    this.#holders = view.holders;
    if (isChanged) for (const wake of this.#changed) wake();
  }

  /** OWN-1, OWN-5. */
  async #isClaimed(fresh: Owned): Promise<boolean> {
    const { claim, clock, log } = this.#parts;
    let isOver = false;
    let cancel = (): void => undefined;
    const keep = (): void => {
      if (!isOver) cancel = clock.after(keepAliveMs, () => void this.#keepAlive().then(keep, keep));
    };
    keep();
    try {
      const isClaimed = await claim(fresh);
      if (!isClaimed && !this.#isRefusalTold) log.warn({ partitions: fresh.size }, claimRefused);
      this.#isRefusalTold = !isClaimed;
      return isClaimed;
    } finally {
      isOver = true;
      cancel();
    }
  }

  /** Whether there is one, and it lives. */
  async #keepAlive(): Promise<boolean> {
    const { engine, clock } = this.#parts;
    if (this.#session === undefined) return false;
    const now = clock.now();
    const alive = await engine.keepAlive(this.#session, asker);
    if (alive.ok) this.#aliveAtMs = now;
    return alive.ok;
  }

  async #aliveSession(): Promise<SessionId | undefined> {
    const { engine, clock } = this.#parts;
    const now = clock.now();
    if (this.#session !== undefined && now - this.#aliveAtMs < keepAliveMs) return this.#session;
    if (this.#session !== undefined) {
      if (await this.#keepAlive()) return this.#session;
      this.#session = undefined;
      this.#owned.clear();
      this.#held.clear();
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
    const nodeName = `${nodePrefix}${this.#nodeId}` as ResourceName;
    // OWN-2: held by an earlier session of this node until that has ended.
    if ((await this.#acquire(sessionId, nodeName)) === undefined) {
      await engine.submit({ type: 'end_session', sessionId }, asker);
      return undefined;
    }
    this.#session = sessionId;
    this.#aliveAtMs = now;
    return sessionId;
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

  /** OWN-2. As of this node: what it does not know yet it hears a little later. */
  async #view(): Promise<View> {
    const rows: LockView[] = [];
    let after: string | undefined;
    do {
      const wanted = { prefix, limit: 1000, ...(after === undefined ? {} : { after }) };
      const query = { type: 'list', kind: 'lock', wanted } as const;
      const result = await this.#parts.engine.query(query, 'linearizable', asker);
      if (result.type !== 'list' || result.listed.kind !== 'lock') break;
      for (const row of result.listed.rows) rows.push(row);
      after = result.listed.nextAfter;
    } while (after !== undefined);
    const live: string[] = [];
    const holders = new Map<number, { readonly nodeId: string; readonly fenceToken: number }>();
    for (const {
      name,
      holders: [holder],
    } of rows) {
      if (holder === undefined) continue;
      const { clientId: nodeId, fenceToken } = holder;
      if (name.startsWith(nodePrefix)) live.push(nodeId);
      else holders.set(Number(name.slice(partitionPrefix.length)), { nodeId, fenceToken });
    }
    return { live, holders };
  }
}

const claimRefused =
  'Redis knows larger fence tokens of these partitions than the tokens of their locks, so this node does not serve them. ' +
  'Another node has just taken them over, and this is over soon; or this cluster is new or was restored with smaller tokens ' +
  'than the one that used this Redis before: then set another queues.redis_prefix, or restore with --fence-above.';

const nameOf = (partition: number): ResourceName =>
  `${partitionPrefix}${String(partition)}` as ResourceName;

function differ(a: Holders, b: Holders): boolean {
  return (
    a.size !== b.size ||
    [...a].some(([partition, { fenceToken }]) => b.get(partition)?.fenceToken !== fenceToken)
  );
}
