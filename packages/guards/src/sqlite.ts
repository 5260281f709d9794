/**
 * A guard in SQLite: the fence is a row, raised in the same transaction as the writes that it guards.
 *
 * GUARD-SQLITE-1. BEGIN IMMEDIATE takes the database's one write lock before the fence is read, so from there to COMMIT nobody,
 *     of this process or another, raises a fence or writes.
 * GUARD-SQLITE-2. A transaction that finds a larger token in the row writes nothing.
 */
import { HoldfastError } from '@holdfast/protocol';
import { largestOf } from './fence-row.ts';
import { assertFenceToken, assertResource, staleFenceToken } from './fence-token.ts';
import type { Grant } from './fence-token.ts';

export type { Grant } from './fence-token.ts';

/** A prepared statement, as far as it is used. */
export interface SqliteStatement {
  /** Runs it and returns its first row. */
  get(...values: (string | bigint)[]): unknown;
}

/** A connection to SQLite (3.35 or newer). `DatabaseSync` of `node:sqlite` fits, and that of `better-sqlite3`. */
export interface SqliteDatabase {
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Prepares one statement. */
  prepare(sql: string): SqliteStatement;
}

/**
 * Makes the table of fences where it is missing.
 *
 * @example
 * database.exec(fenceTable);
 */
export const fenceTable = `CREATE TABLE IF NOT EXISTS holdfast_fences (
  resource TEXT NOT NULL PRIMARY KEY,
  fence_token INTEGER NOT NULL CHECK (fence_token > 0)
)`;

// The larger of both is kept and returned, so that one statement both raises and tells by whom it was refused.
const raise = `INSERT INTO holdfast_fences (resource, fence_token) VALUES (?, ?)
ON CONFLICT (resource) DO UPDATE SET fence_token = max(fence_token, excluded.fence_token)
RETURNING CAST(fence_token AS TEXT) AS largest`;

/**
 * Raises the fence of a resource within a transaction that you opened yourself. Outside of a transaction it guards
 * nothing. When it throws, roll back.
 *
 * @param database The connection that has the transaction open.
 * @param resource What is guarded; 1 to 256 characters. Always guard it with the same lock.
 * @param grant The hold (or its token).
 * @throws HoldfastError `stale_fence_token` if a larger token was seen; `invalid_request` or `name_too_long` for
 *   arguments that cannot be; and whatever the driver throws.
 * @example
 * database.exec('BEGIN IMMEDIATE');
 * raiseFence(database, 'accounts/7', hold);
 * database.exec('UPDATE accounts SET balance = 0 WHERE id = 7');
 * database.exec('COMMIT');
 */
export function raiseFence(database: SqliteDatabase, resource: string, grant: Grant): void {
  const { fenceToken } = grant;
  assertResource(resource);
  assertFenceToken(fenceToken);
  // As a bigint: drivers bind a number as a floating-point value.
  const largest = largestOf(database.prepare(raise).get(resource, BigInt(fenceToken)));
  if (largest > fenceToken) throw staleFenceToken(resource, fenceToken, largest); // GUARD-SQLITE-2
}

/**
 * Runs statements in one transaction behind the fence of a resource: all of them are committed, or none.
 *
 * @param database A connection with no transaction open. Give it a time to wait for other writers (`timeout` of
 *   `node:sqlite` and `better-sqlite3`, in milliseconds), or it fails at once while another one writes. Needs the
 *   table `fenceTable`.
 * @param resource What is guarded; 1 to 256 characters. Always guard it with the same lock.
 * @param grant The hold (or its token). The same token may come any number of times.
 * @param work Your statements, on the same connection; no BEGIN, COMMIT or ROLLBACK among them, and no `await`: the
 *   transaction ends when `work` returns.
 * @returns What `work` returned, once it is committed.
 * @throws HoldfastError `stale_fence_token` if a larger token was seen (`work` has not run); `invalid_request` or
 *   `name_too_long` for arguments that cannot be, and for a `work` that returns a promise; whatever `work` or the
 *   driver throws. All is rolled back then.
 * @example
 * fencedTransaction(database, 'accounts/7', hold, () => {
 *   database.exec('UPDATE accounts SET balance = balance - 5 WHERE id = 7');
 * });
 */
export function fencedTransaction<Result>(
  database: SqliteDatabase,
  resource: string,
  grant: Grant,
  work: () => Result,
): Result {
  // Outside of the try: where it fails, an open transaction is somebody else's.
  database.exec('BEGIN IMMEDIATE');
  try {
    raiseFence(database, resource, grant);
    const result = work();
    assertNoPromise(result);
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // Some errors, a full disk for one, have rolled back already; the first error says more.
    }
    throw error;
  }
}

function assertNoPromise(result: unknown): void {
  if (
    typeof result === 'object' &&
    result !== null &&
    'then' in result &&
    typeof result.then === 'function'
  )
    throw new HoldfastError(
      'invalid_request',
      'The guarded work returned a promise; what it does later would be outside of the transaction. Make it synchronous.',
    );
}
