/** Beside the rest of this package: whoever makes a recovery key needs no engine. The rules are in recovery-key.ts. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { newKey, recoveryIdentity } from '@holdfast/api/keys';
import { diskError, lockFolder, openPrivateFile } from '@holdfast/storage';
import { fileDisk, renameDurably } from '@holdfast/storage/parts';
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
    await putFile(folder, `${JSON.stringify(recovery)}\n`);
    return { key: text, identity: recoveryIdentity(id) };
  } finally {
    unlock();
  }
}

/**
 * RECOVER-6. Root has no more than the descriptor of a file that it has made itself: by a path it could be led elsewhere, since the
 * owner of the folder can replace every name in it at any moment.
 *
 * @throws DiskError
 */
async function putFile(folder: string, text: string): Promise<void> {
  const path = join(folder, recoveryFile);
  const unfinished = `${path}.${randomBytes(8).toString('hex')}.partial`;
  const descriptor = openPrivateFile(unfinished, 'wx'); // Nothing that was there, and through no link.
  try {
    writeDescriptor(descriptor, folder, unfinished, text);
    await renameDurably(fileDisk, unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Closes it. @throws DiskError */
function writeDescriptor(descriptor: number, folder: string, path: string, text: string): void {
  try {
    writeFileSync(descriptor, text);
    // Who is root may not be whom the node runs as: the node has to read the file (RECOVER-5).
    if (process.getuid?.() === 0) {
      const { uid, gid } = statSync(folder);
      fchownSync(descriptor, uid, gid);
    }
    fsyncSync(descriptor);
  } catch (error) {
    throw diskError(error, 'written', path);
  } finally {
    closeSync(descriptor);
  }
}
