/** Makes a file for payloads, with a durable name (PFILE-9 of payload-files.ts). */
import type { Disk, DiskFile } from './disk.ts';
import { isShortage } from './disk-error.ts';
import { syncFolder } from './durable-names.ts';

/**
 * @throws DiskError where there is no room or no descriptor for it: there may be one for the file and none for its folder, of which
 *   nothing was synced then (DERR-3). The file is not there.
 * @throws DiskFailure where its name may not be durable (DIR-2).
 */
export async function makePayloadFile(disk: Disk, folder: string, path: string): Promise<DiskFile> {
  const file = await disk.create(path, 0);
  try {
    await syncFolder(disk, folder);
  } catch (error) {
    await file.close();
    if (isShortage(error)) await disk.remove(path); // DIR-3
    throw error;
  }
  return file;
}
