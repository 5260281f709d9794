/** What files an audit has in the folder of a node, which may be stopped: nothing is changed. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf } from './chain-folder.ts';
import { latestRecords } from './latest.ts';
import { chainNames } from './lines.ts';
import { auditFolder } from './node-audit.ts';

export interface SeenChain {
  readonly chain: string;
  readonly files: number;
  readonly byteLength: number;
  /** The first record that is there, as the name of its file says. */
  readonly first: number;
  /** Undefined: no whole record is there. */
  readonly last: { readonly seq: number; readonly hash: string; readonly atMs: number } | undefined;
}

/** Chains without files are left out. Whether they are whole, `verifyFolders` says. @param folder Of the node. */
export async function lookAtAudit(folder: string): Promise<readonly SeenChain[]> {
  const within = join(folder, auditFolder);
  const seen: SeenChain[] = [];
  for (const chain of chainNames) {
    const names = await filesOf(within, chain);
    const [firstName] = names;
    if (firstName === undefined) continue;
    let byteLength = 0;
    for (const name of names) byteLength += statSync(join(within, name)).size;
    const { records } = await latestRecords(within, chain, 1);
    const [last] = records;
    const first = Number(/\d+/.exec(firstName)?.[0] ?? 0);
    seen.push({ chain, files: names.length, byteLength, first, last });
  }
  return seen;
}
