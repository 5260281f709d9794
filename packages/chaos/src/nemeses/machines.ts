/** What happens to a node's machine: its wall clock, its disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ChaosCluster } from '../cluster/cluster.ts';
import type { NodeProcess } from '../cluster/node-process.ts';
import { WallClocks } from '../cluster/wall-clocks.ts';
import { clearAtEnd } from '../leftovers.ts';
import { changeMembers, untilApplied } from '../cluster/operator.ts';
import { anyNode } from './nemesis.ts';
import type { Nemesis, Nodes } from './nemesis.ts';

const fullWithinMs = 20_000;
const changeWithinMs = 20_000;
const entriesBeforeDamage = 200;

export const jumpWallClock: Nemesis<Nodes> = {
  name: 'wall clock jumps',
  ...(WallClocks.missing === undefined ? {} : { missing: WallClocks.missing }),
  lasts: [500, 2000],
  strike: ({ cluster: { clocks }, chance }) => {
    const name = chance.pick(clocks.names);
    const seconds = Math.round(chance.between(-7200, 7200));
    clocks.set(name, seconds);
    return Promise.resolve({
      target: `${name}, ${String(seconds)} s`,
      heal: () => {
        clocks.set(name, 0);
        return Promise.resolve();
      },
    });
  },
};

/** A small disk of its own under the data folder of each node, so that it can be filled. */
export class SmallDisks {
  readonly #mounts = new Map<string, () => void>();

  static readonly missing: string | undefined =
    process.platform === 'linux' && process.getuid?.() === 0
      ? undefined
      : 'mounting a small disk needs root on Linux';

  /** @returns false where it cannot be had. */
  mount(cluster: Pick<ChaosCluster, 'folderOf'>, nodeId: string, megabytes: number): boolean {
    const folder = join(cluster.folderOf(nodeId), 'data');
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(megabytes)}m`, 'tmpfs', folder], {
        stdio: 'ignore',
      });
    } catch {
      return false;
    }
    const unmount = (): void => {
      try {
        execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
      } catch {
        // Gone already.
      }
    };
    this.#mounts.set(folder, unmount);
    clearAtEnd(unmount);
    return true;
  }

  has(folder: string): boolean {
    return this.#mounts.has(folder);
  }

  unmountAll(): void {
    for (const unmount of this.#mounts.values()) unmount();
    this.#mounts.clear();
  }
}

export const fillDisk = (disks: SmallDisks): Nemesis => ({
  name: 'full disk',
  ...(SmallDisks.missing === undefined ? {} : { missing: SmallDisks.missing }),
  lasts: [200, 1000],
  strike: async ({ cluster, chance }) => {
    const candidates = cluster.nodes.filter((node) => disks.has(node.dataFolder));
    const node = chance.pick(candidates);
    const filler = join(node.dataFolder, 'filler');
    fill(filler);
    // It must stop by itself, and not go on half-dead.
    await node.ended(fullWithinMs);
    return {
      target: node.nodeId,
      heal: () => {
        rmSync(filler, { force: true });
        return node.start();
      },
    };
  },
});

export function fill(path: string): void {
  let block = Buffer.alloc(256 * 1024, 1);
  while (block.byteLength >= 512) {
    try {
      writeFileSync(path, block, { flag: 'a' });
    } catch {
      block = block.subarray(0, block.byteLength / 2);
    }
  }
}

/** A turned bit in its log: it must refuse to start and say why; its place is taken by a new member. */
export const damageLog: Nemesis = {
  name: 'damaged log',
  lasts: [100, 300],
  strike: async (stage) => {
    const node = anyNode(stage);
    await untilApplied(node, entriesBeforeDamage, changeWithinMs);
    await node.end('SIGKILL');
    const found = turnBit(node);
    const refusal = await node.start().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (refusal === undefined || !/damaged/.test(refusal))
      throw new Error(
        `${node.nodeId} ${refusal === undefined ? 'started' : 'did not name the damage'} though a bit of its log is turned (${found}): ${String(refusal)}`,
      );
    return { target: `${node.nodeId}, ${found}`, heal: () => replace(stage.cluster, node) };
  },
};

/**
 * Not of the newest entries: a bit that is turned in the very last transaction of a write-ahead log
 * cannot be told from a write that the crash tore (docs/safety.md names it).
 * Turns a bit of an entry wherever its bytes are found: in the database, and in the write-ahead log.
 */
function turnBit(node: NodeProcess): string {
  const folder = join(node.dataFolder, 'log');
  const main = join(folder, 'holdfast.sqlite');
  const database = new DatabaseSync(main, { readOnly: true });
  const row = database
    .prepare(
      'SELECT "index", data FROM entries WHERE length(data) > 60 ORDER BY "index" DESC LIMIT 1 OFFSET 60',
    )
    .get();
  database.close();
  if (row === undefined) throw new Error(`${node.nodeId} has no entry to damage.`);
  // A piece of it: a longer entry lies on several pages.
  const piece = Buffer.from(row['data'] as Uint8Array).subarray(20, 60);
  let turned = 0;
  for (const name of readdirSync(folder).filter((one) => /sqlite(-wal)?$/.test(one))) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(piece); at >= 0; at = bytes.indexOf(piece, at + 1)) {
      bytes[at + 8] = (bytes[at + 8] ?? 0) ^ 1;
      turned += 1;
    }
    if (turned > 0 && statSync(path).size > 0) writeFileSync(path, bytes);
  }
  return `entry ${String(row['index'])}, ${String(turned)} places`;
}

async function replace(cluster: ChaosCluster, lost: NodeProcess): Promise<void> {
  const deadlineMs = performance.now() + changeWithinMs;
  await changeMembers(cluster.nodes, { type: 'remove', nodeId: lost.nodeId }, deadlineMs);
  cluster.forget(lost.nodeId);
  const { node, address } = await cluster.addNewcomer();
  const { nodeId } = node;
  await changeMembers(cluster.nodes, { type: 'add', nodeId, address }, deadlineMs);
}
