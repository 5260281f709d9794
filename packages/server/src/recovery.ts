/** Beside the rest of this package: whoever makes a recovery key needs no engine. The rules are in recovery-key.ts. */
import { chownSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newKey, recoveryIdentity } from '@holdfast/api/keys';
import { diskError, lockFolder, writePrivateFile } from '@holdfast/storage';
import { recoveryFile } from './recovery-key.ts';
import type { RecoveryKey } from './recovery-key.ts';

/**
 * @param folder Of a node that does not run.
 * @returns The key, which is kept nowhere, and the identity that it proves.
 * @throws Error where the folder is no node's, or the node runs.
 */
export async function makeRecoveryKey(
  folder: string,
  nowMs: number,
): Promise<{ readonly key: string; readonly identity: string }> {
  if (!existsSync(join(folder, 'identity.json')))
    throw new Error(`"${folder}" is not the folder of a node: it has no identity.json.`);
  const unlock = await lockFolder(join(folder, 'log')); // RECOVER-1
  try {
    const { id, text, hash } = newKey();
    const recovery: RecoveryKey = { id, hash, createdAtMs: nowMs };
    const path = join(folder, recoveryFile);
    writePrivateFile(path, `${JSON.stringify(recovery)}\n`);
    giveToOwnerOf(folder, path);
    return { key: text, identity: recoveryIdentity(id) };
  } finally {
    unlock();
  }
}

/** Who is root may not be whom the node runs as: the node has to read the file (RECOVER-5). @throws DiskError */
function giveToOwnerOf(folder: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(folder);
    chownSync(path, uid, gid);
  } catch (error) {
    rmSync(path, { force: true });
    throw diskError(error, 'written', path);
  }
}
