/** Three nodes, each of which runs an older program or the present one on its folder. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalCluster } from '@holdfast/server';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';
import { urlOfNode } from '../../src/cluster-node.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import { levelsOf, replace } from './rolling-nodes.ts';

const longestMs = 20_000;
const pauseMs = 100;
/** So that members take one snapshot after the other meanwhile, and one that was away may need one. */
const environment = { HOLDFAST_STORAGE_SNAPSHOT_LOG_BYTES: String(128 * 1024) };
/** Of a node that was told to stop. */
const inOrder = 'status 0';
/** Of a node that could not be started, and of one that met what it must not survive. */
const refused: ReadonlySet<string> = new Set(['status 1', 'status 70']);
/** Of pino: error and fatal. */
const errorLevel = 50;

export type Program = 'older' | 'present';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly index?: number;
  readonly hash?: string;
}

/** What a node has said, under both programs. */
const saidBy = ({ folder }: { readonly folder: string }): string =>
  readFileSync(join(folder, 'node.log'), 'utf8');

const logOf = (node: { readonly folder: string }): readonly LogLine[] =>
  saidBy(node)
    .split('\n')
    // The last one may be in the middle of being written.
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);

const errorsOf = (node: { readonly folder: string }): readonly LogLine[] =>
  logOf(node).filter(({ level }) => level >= errorLevel);

/** By log index: the hash that each node logged of the snapshot that it took there. */
type Snapshots = ReadonlyMap<number, ReadonlyMap<string, string>>;

function snapshotsOf({ nodes }: LocalCluster): Snapshots {
  const found = new Map<number, Map<string, string>>();
  for (const node of nodes)
    for (const { msg, index, hash } of logOf(node)) {
      if (msg !== 'Saved a snapshot.' || index === undefined || hash === undefined) continue;
      found.set(index, (found.get(index) ?? new Map<string, string>()).set(node.nodeId, hash));
    }
  return found;
}

export class TwoPrograms implements AsyncDisposable {
  readonly cluster: LocalCluster;
  readonly #nodes: AsyncDisposable;
  /** What is started where a node is stopped. The older one where nothing is said. */
  readonly #programs: Map<string, Program>;
  /** How processes have ended. */
  readonly #ends: readonly string[];
  #olderLevel = 0;

  /** All of the older program. @param entry The file that one of its nodes runs. */
  static async start(entry: string): Promise<TwoPrograms> {
    const programs = new Map<string, Program>();
    const ends: string[] = [];
    const nodes = await threeNodes(environment, {
      entryOf: (id) => (programs.get(id) === 'present' ? undefined : entry),
      onNodeEnd: (_id, how) => void ends.push(how),
    });
    const started = new TwoPrograms({ nodes, cluster: nodes.cluster, programs, ends });
    try {
      started.#olderLevel = await started.#isRaised();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor({
    nodes,
    cluster,
    programs,
    ends,
  }: {
    readonly nodes: AsyncDisposable;
    readonly cluster: LocalCluster;
    readonly programs: Map<string, Program>;
    readonly ends: readonly string[];
  }) {
    this.cluster = cluster;
    this.#nodes = nodes;
    this.#programs = programs;
    this.#ends = ends;
  }

  /** Waits until all are at the level which all their programs support. */
  #isRaised(): Promise<number> {
    return assertSoon(
      async () => {
        const levels = await levelsOf(this.cluster);
        const [first] = levels;
        const isReached = levels.every(
          ({ level, supported }) => level === first?.level && level === supported,
        );
        return isReached ? first?.level : undefined;
      },
      { what: 'the cluster is at the level that its programs support', longestMs, pauseMs },
    );
  }

  /** While a member of the older program is there, or was until now: nothing that it cannot read may be logged. */
  async replace(id: string, by: Program): Promise<void> {
    for (const { level } of await levelsOf(this.cluster)) assert.equal(level, this.#olderLevel);
    this.#programs.set(id, by);
    await replace(this.cluster, id);
  }

  /**
   * All members save a snapshot of one entry from now on, and it is the same one; so is what any two of them have saved of
   * one entry. And none has ended that was not told to.
   */
  async haveOneState(when: string): Promise<void> {
    const latest = Math.max(0, ...snapshotsOf(this.cluster).keys()); // spread: one for each snapshot of a test
    const { length } = this.cluster.nodes;
    const isNewOfAll = ([index, hashes]: readonly [number, ReadonlyMap<string, string>]): boolean =>
      index > latest && hashes.size === length;
    await untilSo(() => [...snapshotsOf(this.cluster)].some(isNewOfAll), {
      what: `all members save a snapshot of one entry ${when}`,
      longestMs,
      pauseMs,
    });
    for (const [index, hashes] of snapshotsOf(this.cluster))
      assert.equal(
        new Set(hashes.values()).size,
        1,
        `snapshots of entry ${String(index)} ${when}: ${JSON.stringify([...hashes])}`,
      );
    this.assertNoneEnded();
  }

  /** None that was not told to. */
  assertNoneEnded(): void {
    const ends = this.#ends.join(', ');
    assert.ok(
      this.#ends.every((how) => how === inOrder),
      `how nodes have ended: ${ends}`,
    );
  }

  async leads(id: string): Promise<void> {
    const url = urlOfNode(this.cluster, await this.cluster.leader());
    const answer = await fetch(`${url}/cluster/transfer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ node_id: id }),
    });
    assert.equal(answer.status, 200, await answer.text());
    await untilSo(async () => (await this.cluster.leader()) === id, { longestMs, pauseMs });
  }

  /** All are of the present program. @returns Whether that raises the level: then no downgrade is possible any more. */
  async reachesNewLevel(): Promise<boolean> {
    return (await this.#isRaised()) > this.#olderLevel;
  }

  assertNoErrorLogged(): void {
    for (const node of this.cluster.nodes) assert.deepEqual(errorsOf(node), [], node.nodeId);
  }

  /** The older program refuses the folder of a member, says why, and leaves it as it was. */
  async refusesToGoBack(id: string): Promise<void> {
    const node = this.cluster.nodes.find(({ nodeId }) => nodeId === id);
    assert.ok(node !== undefined);
    const newLevel = await this.#isRaised();
    await this.cluster.kill(id, 'SIGTERM');
    const { length } = saidBy(node);
    this.#programs.set(id, 'older');
    // It may say that it serves clients, and be told of the level then.
    await this.cluster.restart(id).catch(() => undefined);
    await assertSoon(() => this.#ends.some((how) => refused.has(how)), {
      what: 'the older program ends by itself',
      longestMs,
      pauseMs,
    });
    const levels = [newLevel, this.#olderLevel].map(String);
    assert.match(
      saidBy(node).slice(length),
      new RegExp(
        `The cluster is at feature level ${levels.join(', and this program supports levels up to ')}\\.`,
      ),
    );
    this.#programs.set(id, 'present');
    await this.cluster.restart(id);
    const url = urlOfNode(this.cluster, id);
    await assertSoon(async () => (await fetch(`${url}/readyz`)).ok, {
      what: 'the present program serves the same folder again',
      longestMs,
      pauseMs,
    });
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#nodes[Symbol.asyncDispose]();
  }
}
