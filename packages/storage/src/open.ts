/** Opens a node's log: starts the writer's thread and waits for what it found. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StorageDamagedError } from './damage.ts';
import type { FromWriter, WriterData } from './messages.ts';
import { fileName } from './schema.ts';
import type { Opened, StorageOptions } from './types.ts';
import { WriterStorage } from './writer-storage.ts';

/**
 * Opens (or makes) the log in a folder and reads it back, checked.
 *
 * @throws StorageDamagedError when anything that was acknowledged may be missing or changed.
 * @throws Error when the folder belongs to another node, is in use, or is of a newer format.
 */
export async function openStorage(options: StorageOptions): Promise<Opened> {
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, fileName);
  const data: WriterData = {
    file,
    clusterId: options.clusterId,
    memberId: options.memberId,
    writeDelayMs: options.writeDelayMs ?? 0,
  };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./writer.${extension}`, import.meta.url), {
    workerData: data,
  });
  const first = await new Promise<FromWriter>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (first.type === 'refused') {
    await worker.terminate();
    throw first.name === 'StorageDamagedError'
      ? Object.assign(new StorageDamagedError(file, ''), { message: first.message })
      : new Error(first.message);
  }
  const recovered = first.type === 'opened' ? first.recovered : undefined;
  const port = {
    post: (message: unknown) => worker.postMessage(message),
    terminate: async () => {
      await worker.terminate();
    },
  };
  const storage = new WriterStorage(port, options.onFailure);
  worker.on('message', (message: FromWriter) => storage.receive(message));
  worker.on('error', (error) =>
    storage.fail(error instanceof Error ? error : new Error(String(error))),
  );
  return {
    storage,
    recovered,
    repairs: first.type === 'opened' ? first.repairs : [],
  };
}
