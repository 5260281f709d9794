/**
 * One process a folder. The lock is the one that SQLite holds on a file of its own: it needs no native
 * module, goes when the process goes, however that ends, and is seen from other containers that share
 * the folder (a socket would not be). Nothing else may open that file: closing any descriptor of it would
 * release the process's lock.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { diskError } from './disk-error.ts';
import { FolderInUseError } from './disk.ts';
import { makePrivateFile } from './private-files.ts';

/** Returns the function that gives it back. @throws FolderInUseError, DiskError */
export function lockFile(path: string): () => void {
  makePrivateFile(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // The transaction stays open: it writes nothing, and it keeps the exclusive lock.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (error instanceof Error && /locked|busy/.test(error.message))
      throw new FolderInUseError(path);
    throw diskError(error, 'locked', path);
  }
  const held = database;
  return () => {
    if (held.isOpen) held.close();
  };
}

/**
 * Whether a process has it, and nothing is made, changed or kept to find that out. It is looked at through SQLite: a
 * descriptor of another kind would, when it is closed, release the lock that this process itself may have.
 */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (error instanceof Error && /locked|busy/.test(error.message)) return true;
    throw diskError(error, 'read', path);
  } finally {
    database?.close();
  }
}
