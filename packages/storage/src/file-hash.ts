/** The hash of what a file holds, read in slices. */
import { createHash } from 'node:crypto';
import type { DiskFile } from './disk.ts';

const sliceBytes = 256 * 1024;

/** SHA-256 of its first bytes, in hexadecimal digits. */
export async function hashOf(file: DiskFile, byteLength: number): Promise<string> {
  const sum = createHash('sha256');
  for (let offset = 0; offset < byteLength; offset += sliceBytes)
    sum.update(await file.read(offset, Math.min(sliceBytes, byteLength - offset)));
  return sum.digest('hex');
}
