import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes durable which names the folder holds. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
