/**
 * Names of files, made durable.
 *
 * DIR-1: a name that was made, changed or taken away is so after a power cut only when its folder was synced
 *        afterwards. Whoever builds on a name waits for that.
 * DIR-2: a folder that could not be synced is a failure of the disk: nobody knows what is durable, and a
 *        later sync that succeeds would not tell. It is not tried again.
 * DIR-3: a folder that could not even be opened, for want of descriptors, was not synced at all (DERR-3): that is a shortage. Nothing is
 *        known to be durable, nothing was lost, and a later sync that succeeds tells. So it comes back as the disk said it, and not as a
 *        failure of the disk. An own snapshot that has no durable name is dropped, and the log syncs again; a received snapshot stops the node.
 */
import { dirname } from 'node:path';
import { isShortage } from './disk-error.ts';
import type { Disk } from './disk.ts';

/** What the disk said, as opposed to whoever makes the bytes. The node must stop. */
export class DiskFailure extends Error {
  override readonly name: string = 'DiskFailure';
}

/** What the disk says here is a failure of the disk. */
export async function onDisk<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw failureOf(error);
  }
}

function failureOf(error: unknown): DiskFailure {
  if (error instanceof DiskFailure) return error;
  return new DiskFailure(error instanceof Error ? error.message : String(error), { cause: error });
}

/** @throws DiskFailure (DIR-2); DiskError (DIR-3). */
export async function syncFolder(disk: Disk, folder: string): Promise<void> {
  try {
    await disk.syncFolder(folder);
  } catch (error) {
    throw isShortage(error) ? error : failureOf(error); // DIR-3
  }
}

/** @throws FileMissingError where there is nothing to rename; DiskFailure where it may not be durable (DIR-2); DiskError (DIR-3). */
export async function renameDurably(disk: Disk, from: string, to: string): Promise<void> {
  await disk.rename(from, to);
  await syncFolder(disk, dirname(to)); // DIR-1
}

/** A file that is not there is gone. @throws DiskFailure where it may not be durable (DIR-2); DiskError (DIR-3). */
export async function removeDurably(disk: Disk, path: string): Promise<void> {
  await disk.remove(path);
  await syncFolder(disk, dirname(path)); // DIR-1
}
