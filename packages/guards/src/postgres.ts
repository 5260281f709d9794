/**
 * A guard in PostgreSQL: the fence is a row, raised in the same transaction as the writes that it guards.
 *
 * GUARD-POSTGRES-1. The row stays locked from the raise to the end of the transaction, so the guarded transactions of a resource
 *     run one after another, and each sees what those before it committed.
 * GUARD-POSTGRES-2. A transaction that finds a larger token in the row writes nothing.
 *
 * Why that is safe with concurrent writers: INSERT ... ON CONFLICT DO UPDATE locks the conflicting row, waits for
 * whoever has it locked, and computes with the row's newest committed version, even one that the statement's own
 * snapshot does not show (PostgreSQL manual, "Transaction Isolation", Read Committed). Two first writers meet at the
 * primary key in the same way. Under Repeatable Read and Serializable the one that had to wait fails instead
 * (SQLSTATE 40001), which is as safe: repeat it.
 */
import { HoldfastError } from '@holdfast/protocol';
import { largestOf } from './fence-row.ts';
import { assertFenceToken, assertResource, staleFenceToken } from './fence-token.ts';
import type { Grant } from './fence-token.ts';

export type { Grant } from './fence-token.ts';

/** What a query answers, as far as the guard reads it. */
export interface PostgresResult {
  /** The rows that the statement returned. */
  readonly rows: readonly unknown[];
  /** The command tag's first word, where the driver tells it: a COMMIT of a failed transaction says ROLLBACK. */
  readonly command?: string;
}

/**
 * One connection to PostgreSQL. `Client` and `PoolClient` of `pg` fit, and so does PGlite. A `Pool` does not: each of
 * its queries may run on another connection, and so outside of the transaction.
 */
export interface PostgresClient {
  /** Runs one statement. */
  query(text: string, values?: unknown[]): PromiseLike<PostgresResult>;
  /** Only a pool has it. */
  readonly totalCount?: never;
}

/**
 * Makes the table of fences where it is missing. Run it with your migrations: two that run it at the same time can
 * meet in PostgreSQL's catalogue, and one of them fails.
 *
 * @example
 * await client.query(fenceTable);
 */
export const fenceTable = `CREATE TABLE IF NOT EXISTS holdfast_fences (
  resource text PRIMARY KEY,
  fence_token bigint NOT NULL CHECK (fence_token > 0)
)`;

// The larger of both is kept and returned, so that one statement both raises and tells by whom it was refused.
const raise = `INSERT INTO holdfast_fences AS fence (resource, fence_token) VALUES ($1, $2)
ON CONFLICT (resource) DO UPDATE SET fence_token = greatest(fence.fence_token, excluded.fence_token)
RETURNING fence_token::text AS largest`;

/**
 * Raises the fence of a resource within a transaction that you opened yourself, for instance through an ORM. Outside
 * of a transaction it guards nothing: the row's lock ends with the statement. When it throws, roll back.
 *
 * @param client The connection that has the transaction open.
 * @param resource What is guarded; 1 to 256 characters. Always guard it with the same lock.
 * @param grant The hold (or its token).
 * @throws HoldfastError `stale_fence_token` if a larger token was seen; `invalid_request` or `name_too_long` for
 *   arguments that cannot be; and whatever the driver throws.
 * @example
 * await client.query('BEGIN');
 * await raiseFence(client, 'accounts/7', hold);
 * await client.query('UPDATE accounts SET balance = 0 WHERE id = 7');
 * await client.query('COMMIT');
 */
export async function raiseFence(
  client: PostgresClient,
  resource: string,
  grant: Grant,
): Promise<void> {
  const { fenceToken } = grant;
  assertResource(resource);
  assertFenceToken(fenceToken);
  const { rows } = await client.query(raise, [resource, fenceToken]);
  const largest = largestOf(rows[0]);
  if (largest > fenceToken) throw staleFenceToken(resource, fenceToken, largest);
}

/**
 * Runs statements in one transaction behind the fence of a resource: all of them are committed, or none.
 *
 * A later holder waits here until the transactions of earlier ones have ended. Limit how long a holder that stands
 * still can make it wait: `idle_in_transaction_session_timeout` on the server.
 *
 * @param client A connection with no transaction open (PostgreSQL has no transactions within transactions; see
 *   `raiseFence`), and with nobody else's statements on it until this is over. Needs the table `fenceTable`.
 * @param resource What is guarded; 1 to 256 characters. Always guard it with the same lock.
 * @param grant The hold (or its token). The same token may come any number of times.
 * @param work Your statements, through the connection that it is given; no BEGIN, COMMIT or ROLLBACK among them.
 * @returns What `work` returned, once it is committed.
 * @throws HoldfastError `stale_fence_token` if a larger token was seen (`work` has not run); `rolled_back` if PostgreSQL
 *   did so because `work` kept a failed statement to itself; `invalid_request` or `name_too_long` for arguments
 *   that cannot be; whatever `work` or the driver throws. All is rolled back then, except where the connection broke
 *   during COMMIT: the outcome is not known; repeating with the same token is allowed.
 * @example
 * await fencedTransaction(client, 'accounts/7', hold, async (client) => {
 *   await client.query('UPDATE accounts SET balance = balance - 5 WHERE id = 7');
 * });
 */
export async function fencedTransaction<Client extends PostgresClient, Result>(
  client: Client,
  resource: string,
  grant: Grant,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  // Callers without types can pass a pool, and would notice only when data is damaged.
  if (client.totalCount !== undefined)
    throw new HoldfastError(
      'invalid_request',
      'A pool cannot run a transaction: each query may take another connection. Pass one of its clients.',
    );
  await client.query('BEGIN');
  try {
    await raiseFence(client, resource, grant);
    const result = await work(client);
    const { command } = await client.query('COMMIT');
    if (command === 'ROLLBACK')
      throw new HoldfastError(
        'rolled_back',
        `PostgreSQL rolled the transaction on "${resource}" back, because a statement in it had failed. Let its error leave the work.`,
        { resource },
      );
    return result;
  } catch (error) {
    try {
      await client.query('ROLLBACK');
    } catch {
      // The connection is gone, and the transaction with it; the first error says more.
    }
    throw error;
  }
}
