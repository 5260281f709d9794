/** What happens to a node's machine: its wall clock, its disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosCluster } from '../cluster/cluster.ts';
import type { NodeProcess } from '../cluster/node-process.ts';
import { WallClocks } from '../cluster/wall-clocks.ts';
import { clearAtEnd } from '../leftovers.ts';
import { changeMembers, untilApplied } from '../cluster/operator.ts';
import { anyNode } from './nemesis.ts';
import type { Nemesis, Nodes } from './nemesis.ts';

/** No promise: on a machine that others use much, a node comes to its next checkpoint late. */
const fullWithinMs = 60_000;
const lookEveryMs = 50;
const changeWithinMs = 20_000;
const entriesBeforeDamage = 200;

export const jumpWallClock: Nemesis<Nodes> = {
  name: 'wall clock jumps',
  ...(WallClocks.missing === undefined ? {} : { missing: WallClocks.missing }),
  lasts: [500, 2000],
  strike: ({ cluster: { clocks }, randomness }) => {
    const name = randomness.pick(clocks.names);
    const seconds = Math.round(randomness.between(-7200, 7200));
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
  strike: async ({ cluster, randomness }) => {
    const candidates = cluster.nodes.filter((node) => disks.has(node.dataFolder));
    const node = randomness.pick(candidates);
    const filler = join(node.dataFolder, 'filler');
    const sinceBytes = node.loggedBytes;
    fill(filler);
    // What it has no room for is a snapshot, which it tells, and goes on; or its log, and it stops by itself.
    const isMet = (): boolean =>
      !node.runs || node.hasLogged('A snapshot was not saved', sinceBytes);
    await untilOf(node, isMet, 'neither told that its disk is full nor stopped');
    return {
      target: node.nodeId,
      heal: async () => {
        const healedBytes = node.loggedBytes;
        rmSync(filler, { force: true });
        if (node.runs) {
          const isOver = (): boolean =>
            !node.runs || node.hasLogged('Saved a snapshot.', healedBytes);
          await untilOf(node, isOver, 'saved no snapshot though there is room again');
        }
        // There was no room for its log before there was some again.
        if (!node.runs) await node.start();
      },
    };
  },
});

/** @throws Error with the end of its log where it does not come to that in time. */
async function untilOf(node: NodeProcess, is: () => boolean, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + fullWithinMs;
  while (!is()) {
    if (performance.now() >= deadlineMs)
      throw new Error(`${node.nodeId} ${otherwise}. ${node.logEnd()}`);
    await pause(lookEveryMs);
  }
}

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

/** How many frames stand behind the one that is damaged. */
const framesBehind = 10;

/**
 * Turns a bit in a frame of the log. Not in the newest ones: damage in the very last frame cannot be told
 * from a write that the crash tore (docs/safety.md names it).
 */
function turnBit(node: NodeProcess): string {
  const folder = join(node.dataFolder, 'log');
  const frames: { readonly path: string; readonly at: number }[] = [];
  for (const name of readdirSync(folder)
    .filter((one) => one.endsWith('.segment'))
    .sort()) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    // A frame begins with these letters; at byte 32 it names its segment: an older use of the file had another.
    for (let at = bytes.indexOf('HFFL'); at >= 0; at = bytes.indexOf('HFFL', at + 8))
      if (
        at + 40 <= bytes.byteLength &&
        bytes.readBigUInt64LE(at + 32) === BigInt(parseInt(name, 10))
      )
        frames.push({ path, at });
  }
  const frame = frames.at(-framesBehind);
  if (frame === undefined) throw new Error(`${node.nodeId} has no frame to damage.`);
  const { path, at } = frame;
  const bytes = readFileSync(path);
  bytes[at + 60] = (bytes[at + 60] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return `byte ${String(at + 60)} of ${path}`;
}

async function replace(cluster: ChaosCluster, lost: NodeProcess): Promise<void> {
  const deadlineMs = performance.now() + changeWithinMs;
  await changeMembers(cluster.nodes, { type: 'remove', nodeId: lost.nodeId }, deadlineMs);
  cluster.forget(lost.nodeId);
  const { node, address } = await cluster.addNewcomer();
  const { nodeId } = node;
  await changeMembers(cluster.nodes, { type: 'add', nodeId, address }, deadlineMs);
}
