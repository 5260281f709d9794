import type { DatabaseSync } from 'node:sqlite';
import type { Hold } from '@holdfast/client';
import { fencedTransaction } from '@holdfast/guards/sqlite';

/** Books the next free seat; a holder of the flight's lock that was overtaken books none. */
export function bookSeat(database: DatabaseSync, hold: Hold, passenger: string): number {
  return fencedTransaction(database, 'flights/LH400', hold, () => {
    const row = database.prepare('SELECT count(*) + 1 AS seat FROM bookings').get();
    const seat = Number(row?.['seat']);
    database.prepare('INSERT INTO bookings (seat, passenger) VALUES (?, ?)').run(seat, passenger);
    return seat;
  });
}
