/** Sessions come before what they hold, wait for and are inside. */
import { SnapshotFormatError } from './fields.ts';
import type { Tables } from '../tables.ts';
import type { SessionId } from '../names.ts';
import type { Session } from '../../primitives/holds/pool.ts';

/** @throws SnapshotFormatError when there is none. */
export function sessionWithId(tables: Tables, id: SessionId): Session {
  const session = tables.sessions.get(id) ?? tables.ending.get(id);
  if (session === undefined) {
    throw new SnapshotFormatError(`a hold or wait is of session "${id}", which is not there`);
  }
  return session;
}
