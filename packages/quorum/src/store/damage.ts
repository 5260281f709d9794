/** What counts as damage of a lease node's file, and what does not: a disk that refuses, a program that is wrong. */
import { StorageDamagedError } from '@holdfast/storage';

export class Damaged extends Error {
  override readonly name: string = 'Damaged';
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, numbers that were never written, and what was found without SQLite. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Damaged || error instanceof StorageDamagedError) return true;
  const { code } = error as { readonly code?: unknown };
  const plain = plainCode(error);
  return plain === 11 || plain === 26 || code === 'ERR_OUT_OF_RANGE';
}

/** SQLite's code of an error. Extended ones have the plain one in their lowest byte. */
export function plainCode(error: unknown): number | undefined {
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}
