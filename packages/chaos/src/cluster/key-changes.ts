/**
 * An administrator who makes keys and takes them away again while the cluster is in trouble, and whether what was taken
 * away is refused.
 *
 * KEYS-1: whoever has a key that was revoked, or whose role was taken its rule, is granted nothing from the moment at which
 *     that was acknowledged, by any node, also by one that is cut off: what is granted goes by the log.
 * KEYS-2: when all serve again, each node refuses each revoked key.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** How a node answered a request for a lock: with a status of HTTP, or not at all. */
export type HttpOutcome = number | 'none';

export interface KeysOfCluster {
  readonly nodeIds: () => readonly string[];
  readonly acquire: (nodeId: string, key: string, lock: string) => Promise<HttpOutcome>;
  /** Rejects where it is not known whether it was done. */
  readonly administer: {
    readonly grant: () => Promise<void>;
    readonly revokeRule: () => Promise<void>;
    readonly create: (identity: string) => Promise<{ readonly id: string; readonly key: string }>;
    readonly revoke: (id: string) => Promise<void>;
  };
}

const betweenMs = 300;
const askEveryMs = 50;
/** Of those that were revoked last it is asked at the end. */
const remembered = 20;
const unauthorized = 401;

const wasGranted = (answer: HttpOutcome): boolean => typeof answer === 'number' && answer < 300;

export class KeyChanges {
  readonly #cluster: KeysOfCluster;
  readonly #revoked: { readonly id: string; readonly key: string }[] = [];
  readonly failures: string[] = [];
  #rounds = 0;
  #asked = 0;
  granted = 0;
  rulesRevoked = 0;
  revoked = 0;

  constructor(cluster: KeysOfCluster) {
    this.#cluster = cluster;
  }

  get note(): string {
    const { granted, rulesRevoked, revoked } = this;
    return `keys         ${String(revoked)} made and revoked, ${String(rulesRevoked)} rules revoked; granted ${String(granted)} times before that`;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.round();
      await pause(betweenMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What is not known to be done is not judged: the next round begins anew. */
  async round(): Promise<void> {
    const { administer } = this.#cluster;
    const identity = `turn-${String(++this.#rounds)}`;
    try {
      await administer.grant();
      const made = await administer.create(identity);
      if (wasGranted(await this.#acquireAtAny(made.key))) this.granted += 1;
      await administer.revokeRule();
      this.rulesRevoked += 1;
      await this.#mayNothing(made.key, `${identity}, whose role has no rule any more,`);
      // It would be permitted, if the key counted.
      await administer.grant();
      await administer.revoke(made.id);
      this.revoked += 1;
      this.#revoked.push(made);
      if (this.#revoked.length > remembered) this.#revoked.shift();
      await this.#mayNothing(made.key, `${identity}, whose key is revoked,`);
    } catch {
      // Of this round nothing more is known.
    }
  }

  #acquireAtAny(key: string): Promise<HttpOutcome> {
    const nodeIds = this.#cluster.nodeIds();
    return this.#acquire(nodeIds[this.#rounds % nodeIds.length] ?? '', key);
  }

  /** Each asks for a lock that nobody has: nothing but a rule is in the way. */
  #acquire(nodeId: string, key: string): Promise<HttpOutcome> {
    return this.#cluster.acquire(nodeId, key, `turn/${String(++this.#asked)}`);
  }

  /** KEYS-1 */
  async #mayNothing(key: string, who: string): Promise<void> {
    await Promise.all(
      this.#cluster.nodeIds().map(async (nodeId) => {
        if (wasGranted(await this.#acquire(nodeId, key)))
          this.failures.push(`${nodeId} granted a lock to ${who} after that was acknowledged.`);
      }),
    );
  }

  /** KEYS-2. When all nodes serve. */
  async judge(withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    const asked = this.#cluster
      .nodeIds()
      .flatMap((nodeId) => this.#revoked.map(({ id, key }) => ({ nodeId, id, key })));
    for (const { nodeId, id, key } of asked) {
      let answer = await this.#acquire(nodeId, key);
      while (answer !== unauthorized && !wasGranted(answer) && performance.now() < deadlineMs) {
        await pause(askEveryMs);
        answer = await this.#acquire(nodeId, key);
      }
      if (answer !== unauthorized)
        this.failures.push(`${nodeId} does not refuse the revoked key ${id}: ${String(answer)}.`);
    }
    if (this.revoked === 0 || this.granted === 0)
      this.failures.push('No key was made, granted a lock and revoked: nothing was tried.');
  }
}
