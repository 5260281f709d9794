import type { Hold } from '@holdfast/client';
import { fencedTransaction } from '@holdfast/guards/postgres';
import type { ClientBase } from 'pg';

/** Moves money between two accounts of one book; a holder of the book's lock that was overtaken moves none. */
export async function transfer(
  client: ClientBase,
  hold: Hold,
  { from, to, amount }: { from: string; to: string; amount: number },
): Promise<void> {
  await fencedTransaction(client, 'books/2031', hold, async (client) => {
    const change = 'UPDATE accounts SET balance = balance + $2 WHERE name = $1';
    await client.query(change, [from, -amount]);
    await client.query(change, [to, amount]);
  });
}
